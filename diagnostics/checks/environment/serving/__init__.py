"""What a service does on every request."""
