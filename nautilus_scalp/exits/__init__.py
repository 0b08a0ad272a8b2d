"""When and where a position is closed."""
