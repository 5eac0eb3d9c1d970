"""Nil declarations (零申报): nobody is enrolled, and nothing is levied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.collection.common.domain.faults import control_differs
from services.collection.filing.domain.one_unit import UnitDeclaration
from shared.errors import Fault
from shared.money import format_yuan

NIL: Final = "nil"
"""The reason code of a nil declaration; its note gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NilDeclaration:
    """A declaration without people, and the reason."""

    declaration: UnitDeclaration
    reason: str


def nil_faults(declaration: UnitDeclaration, enrolled: int) -> Iterator[Fault]:
    """Find people who are enrolled after all, and control totals other than zero."""
    if enrolled:
        text = f"本所属期有 {enrolled} 人在保,不得零申报 (people are enrolled)"
        yield Fault("/nil", "PEOPLE_ENROLLED", text)
    if declaration.control_people:
        yield control_differs("/control/people", declaration.control_people, 0)
    for at, stated_fen in (
        ("/control/wages", declaration.control_wages_fen),
        ("/unit_wage_total", declaration.unit_wage_total_fen),
    ):
        if stated_fen:
            yield control_differs(at, format_yuan(stated_fen), format_yuan(0))
