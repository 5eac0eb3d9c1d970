"""Return codes (退回原因代码): a catalogue of the reasons for returning a paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCode:
    """A reason, the papers it may be used for, and whether it needs a note."""

    code: str
    text: str
    papers: tuple[str, ...]
    needs_note: bool
    source: str
    certain: bool


def faults_in(
    codes: Sequence[str], note: str | None, paper: str, catalogue: Iterable[ReturnCode]
) -> Iterator[Fault]:
    """Find the faults of the codes given for returning a paper."""
    known = {code.code: code for code in catalogue if paper in code.papers}
    for number, code in enumerate(codes):
        if code not in known:
            yield Fault(
                f"/codes/{number}",
                "RETURN_CODE_UNKNOWN",
                f"无此退回原因代码 (no such code): {code}",
            )
    if not note and any(known[code].needs_note for code in codes if code in known):
        yield Fault("/note", "NOTE_MISSING", "该退回原因须附说明 (this code needs a note)")
