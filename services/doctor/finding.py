"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `ok`, what was found, and what to do when it is not ok."""

    check: str
    ok: bool
    found: str
    do: str = ""
