"""Swap back: give columns their reference values, and see what comes back."""
