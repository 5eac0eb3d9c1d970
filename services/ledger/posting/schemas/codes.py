"""The page of result codes of posting, written from the code."""

from __future__ import annotations

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.codes import STAGES
from shared.errors import Kind
from shared.web.problem import STATUS

_INTRODUCTION = """# Result codes of posting (记账结果码)

Written from the code by `wuxian ledger codes`; a test holds them equal.

A voucher's `outcome` is `posted`, `replayed` (this event was posted before: the first place again),
`would_post` (a dry run) or `refused`, with a problem (RFC 9457) whose `code` is one of these. When
several would do, the first in this order is given; its `errors` list every fault of its own stage.
Before all of them come the door's own answers: 401, 403, 413, malformed JSON, fields out of shape.

- **Pinned** (钉住): the refusal is kept with the event id. The same event gets the same answer for
  ever, so the sender may safely book something else instead.
- **Retry** (可重试): the same message may succeed later, by the same event id. Nothing else may.

| # | Stage | Code | HTTP | Pinned | Retry | Meaning |
|---|---|---|---|---|---|---|
"""


def markdown() -> str:
    """Write docs/ledger-codes.md."""
    rows = []
    number = 0
    for stage, refusals in STAGES:
        for refusal in refusals:
            number += 1
            rows.append(_row(number, stage, refusal))
    return _INTRODUCTION + "\n".join(rows) + "\n"


def _row(number: int, stage: str, refusal: type[LedgerRefusal]) -> str:
    meaning = (refusal.__doc__ or "").strip()
    pinned = "yes" if refusal.pinned else ""
    retry = "" if refusal.pinned or not _may_pass_later(refusal) else "yes"
    return (
        f"| {number} | {stage} | `{refusal.code}` | {STATUS[refusal.kind]} | {pinned} | {retry}"
        f" | {meaning} |"
    )


_NEVER = {
    "CARRY_OVER_NOT_REVERSIBLE",
    "NOT_REVERSIBLE",
    "BOOK_DATE_BEFORE_ORIGINAL",
    "ATOMIC_SPANS_SLOTS",
    "EVENT_ID_REUSED",
    "ACCOUNT_NOT_HOLDABLE",
    "HOLD_EXPECTED",
    "RECEIPT_EXPECTED",
    "REVERSAL_EXCEEDED",
}
"""Not pinned, because nothing is to be kept; still, the same message never passes."""


def _may_pass_later(refusal: type[LedgerRefusal]) -> bool:
    return refusal.kind is Kind.UNAVAILABLE or refusal.code not in _NEVER
