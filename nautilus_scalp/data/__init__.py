"""Raw recordings become a Nautilus catalog, and a catalog becomes a tape."""
