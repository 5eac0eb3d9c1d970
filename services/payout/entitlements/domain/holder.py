"""The holder of an account (户名): the person, or another one whom a document entitles."""

from __future__ import annotations

import unicodedata
from typing import Final

from shared.errors import Fault

_DOTS: Final = dict.fromkeys(map(ord, "·•・‧.。"))


def folded_name(name: str) -> str:
    """Fold a name: one width, one case, neither blanks nor the dots between parts of a name."""
    folded = "".join(unicodedata.normalize("NFKC", name).split())
    return folded.translate(_DOTS).casefold()


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
