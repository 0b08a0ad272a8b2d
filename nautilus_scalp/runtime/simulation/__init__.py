"""What the simulated venue does that Nautilus's own does not: one assumption a module."""
