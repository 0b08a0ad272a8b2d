"""A signal and an inventory become two-sided quotes."""
