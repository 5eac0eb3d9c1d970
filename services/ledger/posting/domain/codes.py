"""Order of the refusals of a posting: of several, the first by stage is the answer."""

from __future__ import annotations

from typing import Final

from services.ledger.common.domain.refusal import (
    AlreadyReversed,
    AtomicRefused,
    AtomicSpansSlots,
    CarryOverNotReversible,
    DayClosed,
    EarlierThanOriginal,
    EventIdReused,
    HoldExceeded,
    HoldNotDrawn,
    HoldUnknown,
    InsufficientFunds,
    LedgerRefusal,
    NotHoldable,
    NotReversible,
    OutcomeUnknown,
    QueueFull,
    RefundNotReversible,
    ReversalExceeded,
    TransferNotReversible,
    Unstorable,
)
from services.ledger.posting.domain.check import PRECEDENCE
from services.ledger.posting.domain.suspense import SuspenseExceeded

STAGES: Final[tuple[tuple[str, tuple[type[LedgerRefusal], ...]], ...]] = (
    (
        "冲销之门 the door of reversals",
        (
            CarryOverNotReversible,
            RefundNotReversible,
            TransferNotReversible,
            NotReversible,
            EarlierThanOriginal,
        ),
    ),
    ("入列 the queue", (AtomicSpansSlots, QueueFull)),
    ("业务号 the event id", (EventIdReused,)),
    ("凭证本身 the voucher by itself", PRECEDENCE),
    ("可冲余额 what remains to reverse", (AlreadyReversed, ReversalExceeded)),
    ("结账 closed days", (DayClosed,)),
    ("暂收款 suspense", (SuspenseExceeded,)),
    ("预留 holds", (HoldUnknown, HoldNotDrawn, HoldExceeded, NotHoldable)),
    ("余额 floors", (InsufficientFunds,)),
    ("整批 all or none", (AtomicRefused,)),
    ("写入 the writing", (Unstorable, OutcomeUnknown)),
)
"""Of all refusals that a request deserves, the first one here is its answer."""


def rank(refusal: type[LedgerRefusal]) -> int:
    """Find a refusal's place in the order."""
    return [one for _, stage in STAGES for one in stage].index(refusal)
