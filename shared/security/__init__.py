"""Identities and their tokens; encrypted fields."""
