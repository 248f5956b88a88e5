"""Over- and underfitting."""
