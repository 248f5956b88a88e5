"""Units: the check, and which straight line leads from the values of the reference to the current ones."""
