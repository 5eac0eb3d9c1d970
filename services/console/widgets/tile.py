"""Tiles: one figure each, which leads to its papers."""

from __future__ import annotations

from nicegui import ui


def tile(title: str, figure: str, below: str, address: str, *, is_on: bool = False) -> None:
    """Show a figure that leads to its papers."""
    with ui.link(target=address).classes("wx-tile" + (" wx-tile-on" if is_on else "")):
        ui.label(title).classes("wx-tile-title")
        ui.label(figure).classes("wx-tile-figure")
        ui.label(below).classes("wx-small")
