"""Every column of the two tables, one a row."""

from pages.parts.all_columns import all_columns_page

all_columns_page()
