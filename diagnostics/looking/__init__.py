"""For people who look for themselves: any column, group or row, whether a rule accused it or not."""
