"""Categories: the check, and which level became which."""
