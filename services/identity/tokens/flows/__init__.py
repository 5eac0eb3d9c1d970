"""Flows of tokens."""
