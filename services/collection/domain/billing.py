"""Bill (缴费通知单): one per declaration, its lines per insurance and party, its memo voucher."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.entry import Account, Book, Voucher, transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Levied:
    """One line of an audited declaration."""

    insurance: str
    party: str
    account: str
    fund: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What a bill is made from: an audited declaration."""

    unit_id: int
    declaration_id: UUID
    round: int
    credit_code: str
    district: str
    period: str
    policy_id: UUID
    collector: str
    total_fen: int
    lines: tuple[Levied, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill about to be issued; its lines sum to its total."""

    id: UUID
    of: Audited
    issued_on: date
    due_on: date
    due_estimated: bool
    lines: tuple[Levied, ...]

    def __post_init__(self) -> None:
        lines_fen = sum(line.amount_fen for line in self.lines)
        assert lines_fen == self.of.total_fen, "a bill's lines sum to its declaration's total"

    @property
    def status(self) -> str:
        """A bill over nothing is settled when it is issued."""
        return "open" if self.of.total_fen else "settled"

    def by_fund(self) -> dict[str, int]:
        """The bill's split by fund, in fen."""
        return sum_by_fund((line.fund, line.amount_fen) for line in self.lines)


def sum_by_fund(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add up (fund, fen)."""
    funds: dict[str, int] = defaultdict(int)
    for fund, amount_fen in parts:
        funds[fund] += amount_fen
    return dict(funds)


def merged(lines: Sequence[Levied]) -> tuple[Levied, ...]:
    """One line per insurance, party, account and fund, in the given order, without empty ones."""
    amounts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for line in lines:
        amounts[line.insurance, line.party, line.account, line.fund] += line.amount_fen
    return tuple(
        Levied(insurance=insurance, party=party, account=account, fund=fund, amount_fen=amount_fen)
        for (insurance, party, account, fund), amount_fen in amounts.items()
        if amount_fen
    )


def memo_voucher(bill: Bill) -> Voucher | None:
    """应收 against 应征 per fund; None for a bill over nothing."""
    entries = tuple(
        entry
        for fund, amount_fen in bill.by_fund().items()
        for entry in transfer(
            book=Book.MEMO,
            fund=fund,
            debit=Account.MEMO_RECEIVABLE,
            credit=Account.MEMO_LEVIED,
            amount_fen=amount_fen,
            district=bill.of.district,
        )
    )
    if not entries:
        return None
    return Voucher(
        event_id=f"bill:{bill.id.hex}",
        owner=bill.of.credit_code,
        kind="bill",
        book_date=bill.issued_on,
        summary=f"{bill.of.period} 缴费通知单 {bill.of.credit_code}",
        entries=entries,
        period=bill.of.period,
        references={"bill": bill.id.hex, "declaration": bill.of.declaration_id.hex},
    )
