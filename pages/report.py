"""The report of an incident, to read and to take along."""

from pages.parts.report import report_page

report_page()
