"""Swaps: the check, and how an exchanged pair shows: by its own values, or beside the other columns."""
