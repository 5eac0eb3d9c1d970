"""Shapes of the messages that cross a process, used by provider and callers. Additive only."""
