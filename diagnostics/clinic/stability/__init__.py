"""The same training again, with other seeds and small changes."""
