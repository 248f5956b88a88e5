from pages.parts.step import step_page

step_page(5, ())
