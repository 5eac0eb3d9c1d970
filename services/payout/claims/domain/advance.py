"""Advances (预付、暂付款): money that is paid first and settled by a later claim.

An advance is a claim whose kind is booked to 暂付款. A line of a later claim of the same fund names
it: what is open of the advance is deducted from the line, and only the rest is paid. When the claim
is approved, the deducted amount becomes the benefit: Dr benefit · Cr 暂付款.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.payout.claims.domain.claim import AdvanceRef, Claim, ClaimLine
from services.payout.entitlements.domain.holder import folded_name
from shared.entry import Account, Book, Entry, Side, Voucher
from shared.errors import Fault
from shared.ids import Ref
from shared.references import Reference
from shared.roles import CENTRE, Caller, Level

MESSAGES: Final = {
    "ADVANCE_UNKNOWN": "没有这笔预付 (no such advance)",
    "ADVANCE_NOT_DEDUCTED": "预付不得抵扣预付 (an advance is not settled by another one)",
    "ADVANCE_FUND_DIFFERS": "预付属于另一基金 (the advance is another fund's)",
    "ADVANCE_OF_ANOTHER": "预付属于另一人或另一收款人 (the advance is another person's or payee's)",
    "ADVANCE_OF_ANOTHER_DISTRICT": "预付属于另一分中心,须由市中心办理 "
    "(the advance is another district's: the centre settles it)",
    "ADVANCE_NOT_PAID": "预付尚未支付 (the advance is not paid yet)",
    "ADVANCE_SETTLED": "预付已结清 (nothing of the advance is open)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """A line of an advance: what the bank has paid of it, and what claims settled or cases recover."""

    ref: AdvanceRef
    fund: str
    district: str
    person_id: int | None
    payee: str
    paid_fen: int
    settled_fen: int

    @property
    def open_fen(self) -> int:
        """Return what a claim may still deduct."""
        return max(0, self.paid_fen - self.settled_fen)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The amount that a claim's line deducts of an advance."""

    advance: Advance
    line_no: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAdvance:
    """An advance that is paid and not settled in full."""

    claim: Ref
    line_no: int
    kind: str
    district: str
    fund: str
    payee_name: bytes
    reference: str
    amount_fen: int
    settled_fen: int
    paid_on: date


def settle(
    claim: Claim,
    lines: Iterable[ClaimLine],
    named: Mapping[int, tuple[AdvanceRef, str]],
    advances: Mapping[AdvanceRef, Advance],
    by: Caller,
) -> tuple[list[ClaimLine], list[Settlement], list[Fault]]:
    """Deduct advances from a claim's lines.

    Args:
        claim: the claim's head.
        lines: its lines with their whole amounts.
        named: line number → the advance that the line names, and the name of the line's payee.
        advances: those that were found.
        by: who files the claim; the centre may settle an advance of another district.

    Returns the lines with what is left to pay, the settlements, and every fault.
    """
    known = dict(advances)
    after: list[ClaimLine] = []
    settlements: list[Settlement] = []
    faults: list[Fault] = []
    for line in lines:
        if line.line_no not in named:
            after.append(line)
            continue
        ref, payee = named[line.line_no]
        advance = known.get(ref)
        code = _fault_of(claim, (line.person_id, payee), advance, by)
        if advance is None or code is not None:
            code = code or "ADVANCE_UNKNOWN"
            faults.append(Fault(f"/lines/{line.line_no - 1}/advance", code, MESSAGES[code]))
            continue
        fen = min(line.amount_fen, advance.open_fen)
        known[ref] = replace(advance, settled_fen=advance.settled_fen + fen)
        settlements.append(Settlement(advance, line.line_no, fen))
        after.append(replace(line, amount_fen=line.amount_fen - fen, settled_fen=fen))
    return after, settlements, faults


def _fault_of(
    claim: Claim, owner: tuple[int | None, str], advance: Advance | None, by: Caller
) -> str | None:
    if claim.account == Account.TEMPORARY_PAYMENT:
        return "ADVANCE_NOT_DEDUCTED"
    if advance is None:
        return "ADVANCE_UNKNOWN"
    if advance.fund != claim.fund:
        return "ADVANCE_FUND_DIFFERS"
    if not _is_owner(advance, *owner):
        return "ADVANCE_OF_ANOTHER"
    if by.level is Level.DISTRICT and advance.district != claim.district:
        return "ADVANCE_OF_ANOTHER_DISTRICT"
    if not advance.paid_fen:
        return "ADVANCE_NOT_PAID"
    return None if advance.open_fen else "ADVANCE_SETTLED"


def _is_owner(advance: Advance, person_id: int | None, payee: str) -> bool:
    """Tell whether a line is about the person of an advance; of one that names none, the payee."""
    if advance.person_id is None:
        return folded_name(payee) == folded_name(advance.payee)
    return person_id == advance.person_id


def settlement_voucher(
    claim: Claim, settlements: Sequence[tuple[str, int]], book_date: date
) -> Voucher:
    """Build the voucher of an approved claim's settlements, given as (district of the advance, fen)."""
    by_district: dict[str, int] = {}
    for district, fen in settlements:
        by_district[district] = by_district.get(district, 0) + fen

    def entry(account: str, side: Side, fen: int, district: str) -> Entry:
        return Entry(
            book=Book.STATUTORY,
            fund=claim.fund,
            account=account,
            side=side,
            amount_fen=fen,
            district=district,
        )

    total_fen = sum(by_district.values())
    return Voucher(
        event_id=f"settled:{claim.ref.id.hex}",
        owner=CENTRE,
        kind="advance_settlement",
        book_date=book_date,
        value_date=book_date,
        period=str(claim.period),
        summary="预付待遇结算",
        entries=(
            entry(claim.account, Side.DEBIT, total_fen, claim.district),
            *(
                entry(Account.TEMPORARY_PAYMENT, Side.CREDIT, fen, district)
                for district, fen in sorted(by_district.items())
            ),
        ),
        references={"claim": claim.ref.text(Reference.CLAIM)},
    )
