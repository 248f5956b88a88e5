"""Packages: what differs between two environments, and what can't stand together."""
