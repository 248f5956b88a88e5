"""Logs and metrics: how well messages are grouped, and what is found and falsely accused in series."""
