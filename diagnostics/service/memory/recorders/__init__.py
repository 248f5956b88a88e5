"""Files that people put into their own service."""
