"""The fit: overfitted, underfitted, or blind to a rare class."""
