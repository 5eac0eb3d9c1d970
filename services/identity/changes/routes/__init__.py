"""Doors of changes of people and clients."""
