"""From a profile to a Plotly figure, one file per diagnostic."""
