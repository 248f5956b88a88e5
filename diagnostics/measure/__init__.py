"""Numbers over rows: engines, samples, distances, metrics, onsets, and models fitted here. Knows no check."""
