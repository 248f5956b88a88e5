"""Performance: the check, and the sentence of each metric that moved."""
