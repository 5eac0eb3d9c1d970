"""Rules of a region's collection mode (征收模式). Pure.

A region is in agency mode until a dated row says otherwise. In agency mode every unit pays in its own
way; in tax mode the tax bureau collects from all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shared.errors import NotFound, StateConflict
from shared.ids import Ref, key_of


class Mode(StrEnum):
    """The collector of a region."""

    AGENCY = "agency"
    TAX = "tax"


class ModeStatus(StrEnum):
    """Status of a change of mode."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


class ModeUnknown(NotFound):
    """无此征收模式变更 (no such change of the collection mode)"""

    code = "COLLECTION_MODE_UNKNOWN"


class ModeInPast(StateConflict):
    """生效日须不早于今日,且晚于已批准的变更 (valid from today on, and after every approved change)"""

    code = "COLLECTION_MODE_IN_PAST"


class ModeUnchanged(StateConflict):
    """该日已是此模式 (the region is in this mode on that day already)"""

    code = "COLLECTION_MODE_UNCHANGED"


class TaxCollects(StateConflict):
    """该日由税务征收,不得发起扣款 (the tax bureau collects on that day: nothing is debited)"""

    code = "TAX_COLLECTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionMode:
    """A dated row: a region's mode from a day on, proposed by one person and decided by another."""

    region: str
    id: UUID
    mode: Mode
    valid_from: date
    status: ModeStatus
    reason: str
    document: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def ref(self) -> Ref:
        """Return its reference."""
        return mode_ref(self.id)


def mode_ref(id: UUID) -> Ref:
    """Return the reference of a change of mode."""
    return Ref(key_of("collection_mode", id.hex), id)


def mode_on(rows: Iterable[RegionMode], day: date) -> Mode:
    """Return the mode of a day."""
    begun = [row for row in rows if row.status is ModeStatus.APPROVED and row.valid_from <= day]
    return max(begun, key=lambda row: row.valid_from).mode if begun else Mode.AGENCY


def check_change(rows: Iterable[RegionMode], mode: Mode, valid_from: date, today: date) -> None:
    """Check a new change against the approved ones.

    Raises:
        ModeInPast, ModeUnchanged: the past stands; a change changes something.
    """
    approved = [row for row in rows if row.status is ModeStatus.APPROVED]
    latest = max((row.valid_from for row in approved), default=date.min)
    if valid_from < today or valid_from <= latest:
        raise ModeInPast(valid_from=valid_from)
    if mode_on(approved, valid_from) is mode:
        raise ModeUnchanged(mode=mode.value)
