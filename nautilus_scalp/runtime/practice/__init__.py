"""A practice exchange on this machine: real protocols, recorded prices, faults on request."""
