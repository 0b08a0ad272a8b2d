"""How good the signal is, and where the money came from."""
