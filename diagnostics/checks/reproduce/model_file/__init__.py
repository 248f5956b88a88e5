"""The model file: which one it is, and what a pickle says of itself."""
