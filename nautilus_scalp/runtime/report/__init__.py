"""What a finished run is told as: one answer, a table, files and a page."""
