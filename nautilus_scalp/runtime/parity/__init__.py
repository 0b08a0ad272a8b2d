"""A recorded live run, replayed and compared to the order."""
