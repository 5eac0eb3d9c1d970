"""The holder of an account (户名): the person, or another one whom a document entitles."""

from __future__ import annotations

import unicodedata
from typing import Final

from shared.errors import Fault

_DOTS: Final = dict.fromkeys(map(ord, "·•・‧∙⋅.。"))
_UNSEEN: Final = dict.fromkeys(
    [*map(ord, "\u034f\u115f\u1160\u2800"), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
)
"""Letters and marks that nobody sees: fillers and the selectors of variants."""


def folded(text: str) -> str:
    """Fold a text to what a reader sees: one width, one case, one dash, no blanks."""
    wide = unicodedata.normalize("NFKC", text).translate(_UNSEEN)
    seen = ((char, unicodedata.category(char)) for char in wide)
    return "".join(
        "-" if kind == "Pd" or char == "−" else char
        for char, kind in seen
        if kind[0] != "Z" and kind not in {"Cc", "Cf"}
    ).casefold()


def folded_name(name: str) -> str:
    """Fold a name as a text, without the dots between its parts."""
    return folded(name).translate(_DOTS)


def holder_faults(pointer: str, name: str, holder: str, reason: str | None) -> list[Fault]:
    """Find an account that is another's, unless a reason is given: its document says who it is."""
    if reason is not None or folded_name(name) == folded_name(holder):
        return []
    return [
        Fault(
            f"{pointer}/bank_account/name",
            "HOLDER_DIFFERS",
            "户名与本人姓名不符;监护人等代领须填 holder_reason 并附文书 "
            "(not the person's name; a guardian's account needs `holder_reason` and its document)",
        )
    ]
