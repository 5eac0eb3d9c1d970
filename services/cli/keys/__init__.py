"""Commands about the keys of stored data."""
