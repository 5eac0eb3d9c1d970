"""The peers that this service speaks to."""
