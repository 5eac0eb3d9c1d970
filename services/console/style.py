"""The looks: colours, fonts and the files of styles and scripts, all from this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nicegui import app, ui

from services.console.words import language

STATIC: Final = Path(__file__).parent / "static"
PRIMARY, GOOD, BAD, WAITS = "#1d5b8f", "#2c7a4b", "#b3362b", "#9a6a10"
SERIES: Final = ("#1d5b8f", "#2c8c84", "#c08a2e", "#7a5ea8", "#b3564b", "#5d7691", "#8aa85b")
"""Colours of a chart's series, told apart in print too."""
FONT: Final = (
    '"Source Han Sans SC", "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei",'
    " system-ui, sans-serif"
)


def serve_files() -> None:
    """Serve the console's own styles and scripts."""
    app.add_static_files("/static", STATIC)


def dress() -> None:
    """Give the page that is being built its looks and its language."""
    ui.colors(primary=PRIMARY, secondary="#4b647d", positive=GOOD, negative=BAD, warning=WAITS)
    ui.add_head_html(
        '<link rel="stylesheet" href="/static/console.css">'
        '<script src="/static/console.js"></script>'
    )
    if language() == "en":
        ui.add_body_html("<script>wuxian.speakEnglish()</script>")
