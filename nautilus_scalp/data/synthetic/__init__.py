"""A synthetic market: self-exciting order flow with an edge of known strength, or with none."""
