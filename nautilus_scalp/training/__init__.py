"""A tape becomes a trained and verified model artifact."""
