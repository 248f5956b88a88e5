"""Rows, gaps, labels and leaks of a training table."""
