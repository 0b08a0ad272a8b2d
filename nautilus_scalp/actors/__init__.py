"""Nautilus actors: ticks in, signals out."""
