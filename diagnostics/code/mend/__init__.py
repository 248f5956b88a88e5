"""Corrected lines for a leak, made out of the script's own statements; what is proposed was read again and leaks less."""
