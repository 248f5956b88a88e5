"""Give what there is, or open a sample."""

from pages.parts.intake import start_page

start_page()
