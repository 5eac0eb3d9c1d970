"""Restated months (更正): every paper of a unit and period restates the whole month.

A restating paper levies the month anew (its own lines) and takes back what the paper before it
levied (corrected lines, the same with the opposite sign). So lines add up over papers: whatever the
chain, the sum of all lines of a month is what its last paper levies by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, replace
from typing import Any, ClassVar, Final, Protocol, TypeVar

from services.collection.common.domain.errors import CorrectionUnfinished, NotBilledYet
from services.collection.filing.domain.declaration import FINISHED, State
from services.collection.filing.domain.late import Paper, Turn, last_of

CORRECTED: Final = "corrected"
"""Level of a line that takes back a line of the paper before."""


ADJUSTMENT: Final = "adjustment"
"""Kind of a paper that corrects one that was billed."""
REASONS: Final[Mapping[str, str]] = {
    "WAGE_WRONG": "工资申报有误",
    "PERSON_MISSING": "漏报参保人",
    "PERSON_SUPERFLUOUS": "多报参保人",
    "WAGE_TOTAL_WRONG": "单位工资总额有误",
    "INSPECTION": "稽核发现",
    "BASE_REVIEWED": "缴费基数核定",
    "OTHER": "其他",
}
"""Why a month is restated. They decide nothing; they are kept for whoever counts them."""


class Line(Protocol):
    """What a paper levies, or takes back, for one insurance and party (fen)."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def level(self) -> str: ...
    @property
    def party(self) -> str: ...
    @property
    def base_fen(self) -> int: ...
    @property
    def amount_fen(self) -> int: ...


AnyLine = TypeVar("AnyLine", bound=Line)


def own_lines(lines: Iterable[AnyLine]) -> list[AnyLine]:
    """What a paper levies by itself: its lines without those that take back earlier ones."""
    return [line for line in lines if line.level != CORRECTED]


def corrected_lines(before: Sequence[AnyLine], after: int) -> list[AnyLine]:
    """The lines that take back what the paper `before` levies by itself.

    Rule and base are kept, base and amount with the opposite sign; numbered on from line `after`,
    the last of the restating paper's own.
    """
    return [
        replace(
            line,
            line_no=number,
            level=CORRECTED,
            base_fen=-line.base_fen,
            amount_fen=-line.amount_fen,
        )
        for number, line in enumerate(own_lines(before), after + 1)
    ]


def restated(own: Sequence[AnyLine], before: Sequence[AnyLine]) -> list[AnyLine]:
    """All lines of a paper that levies `own` and restates the paper of the lines `before`."""
    return [*own, *corrected_lines(before, len(own))]


def net_by_party(lines: Iterable[Line]) -> dict[str, int]:
    """What lines come to for the unit and for its staff, signed fen."""
    net: dict[str, int] = defaultdict(int, unit=0, personal=0)
    for line in lines:
        net[line.party] += line.amount_fen
    return dict(net)


def correction_turn(papers: Sequence[Paper]) -> Turn:
    """What a correction comes to beside the papers of its unit and month: it restates the last one
    when that is billed, or is the next round of a correction that was sent back.

    Raises:
        CorrectionUnfinished: another correction has to be billed, or withdrawn, before.
        NotBilledYet: what is in the month can still be sent back.
    """
    last = last_of(papers)
    if State(last.status) in FINISHED:
        return Turn(corrects=last)
    if last.kind != ADJUSTMENT:
        raise NotBilledYet(status=last.status)
    if last.status != State.RETURNED:
        raise CorrectionUnfinished(status=last.status)
    before = next(paper for paper in papers if paper.id == last.corrects)
    return Turn(again=last, corrects=before)
