"""Leakage in code: the check, and the answer of the command `code`."""
