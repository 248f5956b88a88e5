"""What people expect of the columns, kept with the incident and taken away as code."""

from pages.parts.own_rules import own_rules_page

own_rules_page()
