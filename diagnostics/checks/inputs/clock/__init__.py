"""Clocks: the check, times in another unit, and hours that a clock jumped."""
