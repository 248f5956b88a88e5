"""The record of an incident: what people wrote about it, every change of it, and what of it is filled in by the investigation."""
