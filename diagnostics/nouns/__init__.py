"""What every room speaks of: incidents, tables, rules, findings, checks, words and intervals."""
