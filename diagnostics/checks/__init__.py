"""The seven steps; a diagnostic is a module in one of them."""
