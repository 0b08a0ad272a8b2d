"""Market events become a feature vector."""
