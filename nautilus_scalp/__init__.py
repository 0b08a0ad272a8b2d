"""Scalping strategies and a compiled machine-learning ensemble for NautilusTrader."""
