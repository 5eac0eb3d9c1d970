"""Tiles: one figure each, which leads to its papers."""

from __future__ import annotations

from nicegui import ui


def tile(title: str, figure: str, below: str, address: str | None, *, is_on: bool = False) -> None:
    """Show a figure that leads to its papers, where there is a page for them."""
    box = ui.element("div") if address is None else ui.link(target=address)
    with box.classes(
        "wx-tile" + (" wx-tile-on" if is_on else "") + (" wx-tile-none" if figure == "0" else "")
    ):
        ui.label(title).classes("wx-tile-title")
        ui.label(figure).classes("wx-tile-figure")
        ui.label(below).classes("wx-small")
