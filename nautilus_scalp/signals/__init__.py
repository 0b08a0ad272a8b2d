"""Class probabilities become a signal that a strategy can trade on."""
