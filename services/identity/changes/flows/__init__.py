"""Flows of changes of people and clients."""
