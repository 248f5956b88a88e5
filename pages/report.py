"""The incident's record, to read and to take along."""

from pages.parts.record import record_page

record_page()
