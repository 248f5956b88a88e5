"""The running service: what makes it slow, and what makes it grow. Reads log, metrics, code and model together."""
