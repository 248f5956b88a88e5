"""One column from all sides."""

from pages.parts.one_column import one_column_page

one_column_page()
