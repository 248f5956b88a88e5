"""All incidents that this visitor may see, and two of them side by side."""

from pages.parts.incidents import incidents_page

incidents_page()
