"""Segments: the check, and the search for groups of rows whose loss rose more than elsewhere."""
