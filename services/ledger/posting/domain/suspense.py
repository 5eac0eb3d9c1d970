"""Suspense by receipt: no voucher may take more of a receipt's suspense than is there. Pure.

Money that an open refund order gives back is not there any more: the order holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.voucher import Draft
from shared.entry import Account
from shared.errors import Fault, Kind
from shared.money import format_yuan

SuspenseKey: TypeAlias = tuple[str, str, str]
"""Receipt, fund, district."""
MATCH: Final = "match"
TAKING: Final = frozenset({MATCH, "reallocation", "receipt_return"})
"""Kinds of vouchers that take money out of suspense, beside reversals of what put it there. A refund
is checked with its order."""


class SuspenseExceeded(LedgerRefusal):
    """该到账的暂收款不足,含已批准退费所占用 (the receipt has less in suspense, refund orders counted)"""

    kind = Kind.CONFLICT
    code = "SUSPENSE_EXCEEDED"


class ReceiptExpected(LedgerRefusal):
    """动用暂收款须注明到账编号 references.receipt (what takes money out of suspense names its receipt)"""

    kind = Kind.INVALID
    code = "RECEIPT_EXPECTED"


def taken(draft: Draft) -> dict[SuspenseKey, int]:
    """Return what a draft takes out of suspense, in fen; empty for drafts of other kinds."""
    if draft.kind not in TAKING and draft.reverses_receipt is None:
        return {}
    return {key: -fen for key, fen in moved(draft).items() if fen < 0}


def moved(draft: Draft) -> dict[SuspenseKey, int]:
    """Return what a draft adds to suspense; below zero what it takes out of it."""
    found: dict[SuspenseKey, int] = {}
    receipt = draft.reverses_receipt or draft.references.get("receipt", "")
    for line in draft.lines:
        if line.account == Account.SUSPENSE_RECEIPTS:
            key = (receipt, line.fund, line.district)
            found[key] = found.get(key, 0) + line.credit_fen - line.debit_fen
    return found


def is_nameless(draft: Draft) -> bool:
    """Tell whether a draft takes money out of suspense, or is a match, and names no receipt."""
    if draft.references.get("receipt") or draft.reverses_seq is not None:
        return False
    return draft.kind == MATCH or bool(taken(draft))


def receipts_of(drafts: Iterable[Draft]) -> list[str]:
    """Return the receipts out of whose suspense drafts take money, in order."""
    return sorted({receipt for draft in drafts for receipt, _, _ in taken(draft)})


def suspense_refusal(draft: Draft, open_fen: Mapping[SuspenseKey, int]) -> LedgerRefusal | None:
    """Return why a draft cannot take its money out of suspense, or None."""
    faults = [
        Fault(
            "/entries",
            SuspenseExceeded.code,
            f"{'/'.join(key)}: open={format_yuan(max(0, open_fen.get(key, 0)))},"
            f" asked={format_yuan(fen)}",
        )
        for key, fen in taken(draft).items()
        if fen > open_fen.get(key, 0)
    ]
    return SuspenseExceeded(faults=faults) if faults else None


def waves(drafts: Iterable[Draft]) -> list[list[int]]:
    """Return indexes of drafts in the order in which they may be posted together.

    What takes money out of suspense comes after what may have put it there, even where they lie in
    different slots; and of two that take from one receipt, the later comes after the earlier.
    """
    first: list[int] = []
    later: list[list[int]] = []
    turn: dict[str, int] = {}
    for index, draft in enumerate(drafts):
        receipts = receipts_of([draft])
        if not receipts:
            first.append(index)
            continue
        wave = max(turn.get(receipt, 0) for receipt in receipts)
        turn |= dict.fromkeys(receipts, wave + 1)
        if wave == len(later):
            later.append([])
        later[wave].append(index)
    return [wave for wave in (first, *later) if wave]
