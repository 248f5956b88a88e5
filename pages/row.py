from pages.parts.one_row import one_row_page

one_row_page()
