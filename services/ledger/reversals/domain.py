"""The paper of a reversal (冲销单): what one person proposes to take back, and who decided on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.reversal import reversal
from services.ledger.posting.domain.voucher import Draft
from shared.errors import Kind, NotFound
from shared.ids import Ref
from shared.references import Reference


class ReversalStatus(StrEnum):
    """The state of a paper. A refused one changes nothing; another may be proposed."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REFUSED = "refused"


class ReversalUnknown(NotFound):
    """没有此冲销单 (no such reversal)"""

    code = "REVERSAL_UNKNOWN"


class ReversalWaits(LedgerRefusal):
    """该凭证已有待核准的冲销单 (a reversal of this voucher waits for its approval)"""

    kind = Kind.CONFLICT
    code = "REVERSAL_WAITS"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherReversal:
    """A reversal on paper. `lines` are what it takes back, as positive amounts.

    `seq` is the voucher's number in its slot, `reversal_seq` that of the red-letter voucher.
    """

    id: UUID
    slot: int
    seq: int
    book_date: date
    summary: str
    lines: tuple[Line, ...]
    proposed_by: str
    status: ReversalStatus = ReversalStatus.PROPOSED
    decided_by: str | None = None
    refusal: str | None = None
    reversal_seq: int | None = None

    @property
    def reference(self) -> str:
        """Return the reference of this paper; it is the event of the red-letter voucher."""
        return Ref(self.slot, self.id).text(Reference.REVERSAL)

    def draft_of(self, original: Draft) -> Draft:
        """Draft the red-letter voucher in the name of whoever proposed it.

        Raises:
            NotReversible, EarlierThanOriginal: the original cannot be reversed so.
        """
        return reversal(
            original,
            self.seq,
            source=self.proposed_by,
            event_id=self.reference,
            book_date=self.book_date,
            summary=self.summary,
            lines=self.lines,
        )
