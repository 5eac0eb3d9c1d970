"""HTML elements that escape their text, so that no input can become markup.

A page has no script, no form and nothing from elsewhere. The browser allows its one style sheet by
its hash.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

STYLE: Final = """
@page { size: A4; margin: 18mm 16mm; }
body { font-family: "SimSun", "Songti SC", "Noto Serif CJK SC", serif; font-size: 11pt; color: #000;
  max-width: 178mm; margin: 0 auto; }
h1 { font-size: 18pt; text-align: center; letter-spacing: 2pt; margin: 4mm 0 2mm; }
.issuer { text-align: center; font-size: 12pt; }
.number { text-align: right; font-size: 10pt; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 3mm 0; }
th, td { border: 0.3mm solid #000; padding: 1.5mm 2mm; text-align: left; overflow-wrap: anywhere; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.money { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.total td { font-weight: bold; }
.said { margin: 4mm 0; line-height: 1.7; text-indent: 2em; }
.signed { margin-top: 14mm; display: flex; justify-content: space-between; }
""".strip()
_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SAFE: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Headers of a page to print: names of people and units are on it, and nothing may run."""


class Html(str):
    """Markup that this module has built."""

    __slots__ = ()


def tag(name: str, *children: str, of: str | None = None, **attributes: str) -> Html:
    """Build an element of a class (`of`) with its children; text is escaped, elements are not."""
    every = attributes | ({"class": of} if of else {})
    rendered = "".join(f' {key}="{escape(value)}"' for key, value in every.items())
    inner = "".join(child if isinstance(child, Html) else escape(child) for child in children)
    return Html(f"<{name}{rendered}>{inner}</{name}>")


def row(cell: str, *cells: str, money_from: int = 99, of: str | None = None) -> Html:
    """Build a table row; from a given cell on, the cells are money."""
    return tag(
        "tr",
        *(
            tag(cell, text, of="money" if number >= money_from else None)
            for number, text in enumerate(cells)
        ),
        of=of,
    )


def page(title: str, *body: Html) -> str:
    """Build a whole document."""
    head = tag(
        "head",
        Html('<meta charset="utf-8">'),
        tag("title", title),
        Html(f"<style>{STYLE}</style>"),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", *body), lang="zh-CN")
