"""Doors of tokens."""
