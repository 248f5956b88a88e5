"""One screen for the people at the table."""

from pages.parts.meeting import meeting_page

meeting_page()
