"""The lab: a small network to see gradients, learning rates and remedies at work."""
