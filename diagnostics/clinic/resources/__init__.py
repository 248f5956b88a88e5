"""Memory and time of a described model."""
