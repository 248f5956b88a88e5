"""Guess which column is the target, the prediction, the timestamp and the id, from names and contents."""
