"""What people wrote about the incident: the record of its review."""

from pages.parts.review import review_page

review_page()
