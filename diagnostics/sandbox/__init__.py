"""Runs an uploaded model in a process of its own that can reach nothing: no network, no files, little memory, little time."""
