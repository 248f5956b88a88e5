"""Links: the check, and how well the other columns of a row predict each one."""
