"""All columns together: the check, the rows since the change, and what moved."""
