"""Reading logs: lines, their times and levels, and the kinds of messages. No rule of its own."""
