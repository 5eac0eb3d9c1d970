"""SQL of tokens."""
