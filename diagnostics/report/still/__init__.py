"""A Plotly figure as a still picture: for print, for PDF, and where no script runs.

Kaleido would need a Chrome on the server, Matplotlib a second drawing of every chart. The charts here are lines, marks, bars,
annotations and tables only, so the figure itself is read and written as SVG.
"""

from diagnostics.report.still.picture import still

__all__ = ["still"]
