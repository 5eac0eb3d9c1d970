"""Work items of tax mode: what somebody has to look at, until two people settle it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shared.errors import NotFound, StateConflict
from shared.ids import Ref
from shared.references import Reference


class ItemKind(StrEnum):
    """The kinds of work items."""

    ONLY_HERE = "only_here"  # assessed here, nothing at the tax bureau
    ONLY_AT_TAX = "only_at_tax"  # collected by the tax bureau, nothing assessed here
    AMOUNT_DIFFERS = "amount_differs"
    UNIT_IN_AGENCY_MODE = (
        "unit_in_agency_mode"  # the bureau collected from a unit that is not its own
    )


class ItemStatus(StrEnum):
    """Status of a work item."""

    OPEN = "open"
    PROPOSED = "proposed"
    CLOSED = "closed"


class Remedy(StrEnum):
    """The remedy that settles a work item."""

    DECLARE_AGAIN = "declare_again"  # the payer corrects the declaration at the tax bureau
    REASSESS = "reassess"  # the assessment here is corrected
    REFUND = "refund"  # the tax bureau gives back
    MOVE = "move"  # the money belongs to another unit or period
    EXPLAINED = "explained"  # both figures are right, for a reason


class ItemUnknown(NotFound):
    """无此待办事项 (no such work item)"""

    code = "TAX_ITEM_UNKNOWN"


class ItemNotOpen(StateConflict):
    """该事项不在此状态 (the item is not in the status that this step needs)"""

    code = "TAX_ITEM_STATUS"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxItem:
    """A work item. `owner` is the district that looks at it; amounts in fen.

    `closed_as`: settled by two people, or equal because the difference went away.
    """

    unit_id: int
    id: UUID
    kind: ItemKind
    credit_code: str
    owner: str
    period: str
    insurance: str
    ours_fen: int
    theirs_fen: int
    receipt: str | None
    status: ItemStatus
    opened_on: date
    remedy: Remedy | None
    reason: str | None
    proposed_by: str | None
    closed_by: str | None
    closed_at: datetime | None
    closed_as: str | None

    @property
    def ref(self) -> Ref:
        """Return its reference."""
        return Ref(self.unit_id, self.id)

    @property
    def reference(self) -> str:
        """Its reference on the wire."""
        return self.ref.text(Reference.TAX_ITEM)
