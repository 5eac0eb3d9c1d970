"""The list of lines of tickets."""

from __future__ import annotations

from services.collection.tax.store import line_list as line_list_store

page = line_list_store.page
"""Reads lines over all tickets."""
