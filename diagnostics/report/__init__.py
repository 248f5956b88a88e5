"""From an investigation to JSON, HTML and Markdown."""
