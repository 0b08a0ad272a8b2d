"""Nautilus strategies, swapped by configuration."""
