"""The scaler of training against the data."""
