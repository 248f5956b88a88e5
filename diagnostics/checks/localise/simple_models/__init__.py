"""Simple models on the same rows."""
