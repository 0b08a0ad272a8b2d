"""A feature vector becomes class probabilities."""
