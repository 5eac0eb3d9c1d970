"""Versions of formula rows (计发参数的更正): proposed, in force, replaced by a later one, or refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.payout.formulas.domain.row import FormulaRow
from services.payout.formulas.domain.rules import value_faults
from shared.errors import Fault, Kind, Refusal

PAPER: Final = "formula_row"


class RowStatus(StrEnum):
    """The status of a row."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    REFUSED = "refused"


class RowCutsAnother(Refusal):
    """新参数只截断了另一条参数的中段,请写明到哪一天 (the row would cut the middle out of another one; let it end with that one)"""

    kind = Kind.CONFLICT
    code = "FORMULA_ROW_CUTS_ANOTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVersion:
    """A row with its status, its author and the reason."""

    row: FormulaRow
    status: RowStatus
    proposed_by: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDraft:
    """A row as a person proposes it."""

    rule: str
    place: str
    in_force_from: date
    in_force_to: date | None
    value: dict[str, Any]
    source: str
    certain: bool
    note: str

    def faults(self) -> list[Fault]:
        """Find every fault of the draft."""
        faults = value_faults(self.rule, self.value)
        if self.in_force_to is not None and self.in_force_to < self.in_force_from:
            faults.append(
                Fault("/in_force_to", "DAYS_REVERSED", "止日早于起日 (ends before it begins)")
            )
        return faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """Changes to the rows in force when a new row comes: some are replaced, one ends earlier."""

    replaced: tuple[UUID, ...]
    ended: tuple[tuple[UUID, date], ...]


def succession(new: FormulaRow, in_force: Iterable[FormulaRow]) -> Succession:
    """Decide what a new row does to the rows in force of its rule and place.

    Raises:
        RowCutsAnother: a row in force would go on after the new one ends.
    """
    replaced, ended = [], []
    for row in in_force:
        begins_later = new.in_force_to is not None and row.in_force_from > new.in_force_to
        is_over = row.in_force_to is not None and row.in_force_to < new.in_force_from
        if begins_later or is_over:
            continue
        if new.in_force_to is not None and (
            row.in_force_to is None or row.in_force_to > new.in_force_to
        ):
            raise RowCutsAnother(row=str(row.id), in_force_to=str(row.in_force_to))
        if row.in_force_from >= new.in_force_from:
            replaced.append(row.id)
        else:
            ended.append((row.id, new.in_force_from - timedelta(1)))
    return Succession(replaced=tuple(replaced), ended=tuple(ended))
