"""A live run on record: what its components heard, when their timers fired, what they did."""
