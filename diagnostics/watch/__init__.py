"""Watch: one batch after another held against the same reference, with few false alarms over a long time."""
