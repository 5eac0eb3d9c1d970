"""Return codes (退回原因代码): why a paper is sent back. A catalogue as data; only its codes count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCode:
    """One reason, the papers it may be used for, and whether it says too little by itself."""

    code: str
    text: str
    papers: tuple[str, ...]
    needs_note: bool
    source: str
    certain: bool


def faults_in(
    codes: Sequence[str], note: str | None, paper: str, catalogue: Iterable[ReturnCode]
) -> Iterator[Fault]:
    """What is wrong with the codes given for sending back a paper."""
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
