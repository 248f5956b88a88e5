"""Offline against online: the same rows in both tables, column by column."""
