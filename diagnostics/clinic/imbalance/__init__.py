"""A rare class, and what can be done about it."""
