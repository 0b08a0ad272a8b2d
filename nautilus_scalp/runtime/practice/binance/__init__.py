"""Binance USD-M futures: its REST and WebSocket protocol."""
