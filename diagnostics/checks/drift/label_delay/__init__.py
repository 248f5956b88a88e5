"""Label delay: the check, labels that are not final, and labels beside other rows."""
