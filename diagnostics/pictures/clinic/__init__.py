"""Pictures of the clinic, a module for each of its pages."""
