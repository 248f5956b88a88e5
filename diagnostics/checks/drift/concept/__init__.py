"""Concept drift: the check, and the regions of the rows in which the labels moved."""
