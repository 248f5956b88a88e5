"""What lasts: incidents on disk, records, links, and the database below them."""
