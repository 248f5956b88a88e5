"""From bytes to a Table: encodings, delimiters, formats, roles. Knows no diagnostic."""
