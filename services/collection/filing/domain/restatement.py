"""Corrections (更正): every declaration of a unit and period restates the whole month.

A correction levies the month anew (its own lines) and takes back what the declaration before it
levied (corrected lines: the same with the opposite sign). So the lines of a month always add up to
what its last declaration levies by itself, however often it was corrected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, replace
from typing import Any, ClassVar, Final, Protocol, TypeVar

from services.collection.common.domain.errors import CorrectionUnfinished, NotBilledYet
from services.collection.filing.domain.declaration import FINISHED, State
from services.collection.filing.domain.late import ExistingDeclaration, FilingPlan, last_of

CORRECTED: Final = "corrected"
"""The level of a line that takes back a line of the declaration before."""
ADJUSTMENT: Final = "adjustment"
"""The kind of a declaration that corrects a billed one."""
REASONS: Final[Mapping[str, str]] = {
    "WAGE_WRONG": "工资申报有误",
    "PERSON_MISSING": "漏报参保人",
    "PERSON_SUPERFLUOUS": "多报参保人",
    "WAGE_TOTAL_WRONG": "单位工资总额有误",
    "INSPECTION": "稽核发现",
    "BASE_REVIEWED": "缴费基数核定",
    "OTHER": "其他",
}
"""Reasons for a correction. No rule depends on them; they are kept for statistics."""


class SignedLine(Protocol):
    """A line that a declaration levies, or takes back, for one insurance and party (fen)."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def level(self) -> str: ...
    @property
    def party(self) -> str: ...
    @property
    def base_fen(self) -> int: ...
    @property
    def amount_fen(self) -> int: ...


AnyLine = TypeVar("AnyLine", bound=SignedLine)


def own_lines(lines: Iterable[AnyLine]) -> list[AnyLine]:
    """Leave out the lines that take back earlier ones."""
    return [line for line in lines if line.level != CORRECTED]


def corrected_lines(before: Sequence[AnyLine], after: int) -> list[AnyLine]:
    """Build the lines that take back what the declaration before levied by itself.

    They keep rule and base, with base and amount negated, and are numbered on from line `after`,
    the last of the correction's own lines.
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
    """List all lines of a declaration that levies `own` and corrects one with the lines `before`."""
    return [*own, *corrected_lines(before, len(own))]


def net_by_party(lines: Iterable[SignedLine]) -> dict[str, int]:
    """Add up lines for the unit and for its people, in signed fen."""
    net: dict[str, int] = defaultdict(int, unit=0, personal=0)
    for line in lines:
        net[line.party] += line.amount_fen
    return dict(net)


def correction_plan(existing: Sequence[ExistingDeclaration]) -> FilingPlan:
    """Plan a correction: of the month's last declaration when that is billed, or the next round of
    a correction that was returned.

    Raises:
        CorrectionUnfinished: another correction has to be billed, or withdrawn, first.
        NotBilledYet: the month's declaration can still be returned.
    """
    last = last_of(existing)
    if State(last.status) in FINISHED:
        return FilingPlan(corrects=last)
    if last.kind != ADJUSTMENT:
        raise NotBilledYet(status=last.status)
    if last.status != State.RETURNED:
        raise CorrectionUnfinished(status=last.status)
    corrected = next(one for one in existing if one.id == last.corrects)
    return FilingPlan(again=last, corrects=corrected)
