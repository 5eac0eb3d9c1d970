"""A month with failures of every kind, and the clerks who work through them (docs/sandbox.md)."""
