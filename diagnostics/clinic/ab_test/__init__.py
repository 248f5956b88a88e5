"""A/B tests: size, looks, result."""
