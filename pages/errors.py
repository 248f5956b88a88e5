"""Where the model errs, and what a threshold on its scores decides and costs."""

from pages.parts.errors import errors_page

errors_page()
