"""Which line of a service grows."""
