"""How each table was read, and which column plays which part."""

from pages.parts.mapping import columns_page

columns_page()
