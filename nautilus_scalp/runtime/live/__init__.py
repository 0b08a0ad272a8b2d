"""A live run: what is checked before it, what watches it, and how it ends."""
