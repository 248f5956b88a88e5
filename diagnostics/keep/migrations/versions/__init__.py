"""One file per change of the schema, in order; a file that was published is never edited."""
