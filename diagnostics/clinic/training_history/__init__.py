"""Training histories: how each tool's file is read, and the shape that all of them take."""
