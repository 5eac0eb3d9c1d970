"""Titles of pages and of their parts."""

from __future__ import annotations

from nicegui import ui


def page_title(words: str) -> ui.label:
    """Show the title of the page."""
    return ui.label(words).classes("wx-title").props("role=heading aria-level=1")


def heading(words: str) -> ui.label:
    """Show the heading of a part."""
    return ui.label(words).classes("wx-heading").props("role=heading aria-level=2")


def about(words: str) -> ui.label:
    """Show a sentence that explains."""
    return ui.label(words).classes("wx-about")
