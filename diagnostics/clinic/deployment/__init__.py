"""The model as it is served: format, size, latency, learning on."""
