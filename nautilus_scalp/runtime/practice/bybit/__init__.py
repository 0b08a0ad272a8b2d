"""Bybit v5 linear contracts: its REST and WebSocket protocol."""
