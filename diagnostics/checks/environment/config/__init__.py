"""Configuration: which settings differ between training and production."""
