"""Batches over time: one watch, or all of them."""

from pages.parts.watch import watch_page

watch_page()
