"""Calibration: the check, what the same inputs used to be predicted, and predictions beside labels."""
