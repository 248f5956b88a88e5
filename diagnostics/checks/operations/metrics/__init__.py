"""Metrics of the service: series, their shifts, slopes and spikes."""
