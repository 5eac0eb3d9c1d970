"""Reallocation (重新分账): a unit's account follows from its facts, in whatever order they became known."""
