"""Search for better parameters, and say how much of what was found is luck."""
