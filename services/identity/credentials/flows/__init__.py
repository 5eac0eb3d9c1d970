"""Flows of credentials."""
