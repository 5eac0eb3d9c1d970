"""Bill (缴费通知单): one per declaration, its lines per insurance and party, its memo voucher.

A paper's lines are netted per insurance, party, account and fund. What is more than nothing is asked
for by its bill; what is less (only a paper that restates a month has that) is a credit (贷项).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final
from uuid import UUID

from services.collection.billing.domain.credit import Credit, CreditableLine, CreditUse
from shared.entry import Account, Book, Entry, Side, Voucher, transfer
from shared.ids import uuid7

CHARGE: Final = "charge"
"""Kind of a bill of late fees and interest. Bills of every other kind ask for contributions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillItem:
    """One line of an audited declaration; signed where it is netted, else more than nothing."""

    insurance: str
    party: str
    account: str
    fund: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedDeclaration:
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
    lines: tuple[BillItem, ...]
    restates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDraft:
    """A bill about to be issued, and the credits of its paper: together they are the paper's total.

    `lowered` says by how much credits lower its lines from the start: line number → fen.
    """

    id: UUID
    of: AuditedDeclaration
    issued_on: date
    due_on: date
    due_estimated: bool
    lines: tuple[BillItem, ...]
    credits: tuple[BillItem, ...] = ()
    lowered: Mapping[int, int] = field(default_factory=dict)
    issued_fen: int = field(init=False)
    """What it is issued over."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_fen", sum([line.amount_fen for line in self.lines]))
        net_fen = self.issued_fen - sum([line.amount_fen for line in self.credits])
        assert net_fen == self.of.total_fen, "bill and credits sum to their declaration's total"

    @property
    def kind(self) -> str:
        """contribution, or adjustment when its paper restates a month."""
        return "adjustment" if self.of.restates else "contribution"

    @property
    def credited_fen(self) -> int:
        """What credits take off it from the start."""
        return sum(self.lowered.values()) if self.lowered else 0

    @property
    def total_fen(self) -> int:
        """What it asks for."""
        return self.issued_fen - self.credited_fen

    @property
    def status(self) -> str:
        """A bill over nothing is settled when it is issued."""
        return "open" if self.total_fen else "settled"

    def by_fund(self) -> dict[str, int]:
        """What its paper levies by fund, signed fen."""
        return sum_by_fund(
            [(line.fund, line.amount_fen) for line in self.lines]
            + [(line.fund, -line.amount_fen) for line in self.credits]
        )

    def open_lines(self) -> list[CreditableLine]:
        """Its lines, as credits may lower them."""
        return [
            CreditableLine(
                unit_id=self.of.unit_id,
                bill_id=self.id,
                line_no=number,
                district=self.of.district,
                period=self.of.period,
                issued_on=self.issued_on,
                insurance=line.insurance,
                party=line.party,
                account=line.account,
                fund=line.fund,
                amount_fen=line.amount_fen,
            )
            for number, line in enumerate(self.lines, 1)
        ]

    def granted(self) -> list[Credit]:
        """The credits that its paper grants on the day of the bill."""
        return [
            Credit(
                unit_id=self.of.unit_id,
                id=uuid7(),
                declaration_id=self.of.declaration_id,
                credit_code=self.of.credit_code,
                district=self.of.district,
                period=self.of.period,
                insurance=line.insurance,
                party=line.party,
                account=line.account,
                fund=line.fund,
                amount_fen=line.amount_fen,
                used_fen=0,
                granted_on=self.issued_on,
            )
            for line in self.credits
        ]


def sum_by_fund(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add up (fund, fen)."""
    funds: dict[str, int] = defaultdict(int)
    for fund, amount_fen in parts:
        funds[fund] += amount_fen
    return dict(funds)


def net_items(lines: Sequence[BillItem]) -> tuple[BillItem, ...]:
    """One line per insurance, party, account and fund, in the given order, without empty ones."""
    amounts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for line in lines:
        amounts[line.insurance, line.party, line.account, line.fund] += line.amount_fen
    return tuple(
        BillItem(
            insurance=insurance, party=party, account=account, fund=fund, amount_fen=amount_fen
        )
        for (insurance, party, account, fund), amount_fen in amounts.items()
        if amount_fen
    )


def split_by_sign(lines: Iterable[BillItem]) -> tuple[tuple[BillItem, ...], tuple[BillItem, ...]]:
    """Netted lines apart: what is to be paid, and (with its sign turned) what is credited."""
    more, less = [], []
    for line in lines:
        if line.amount_fen > 0:
            more.append(line)
        else:
            less.append(replace(line, amount_fen=-line.amount_fen))
    return tuple(more), tuple(less)


def memo_voucher(bill: BillDraft, uses: Iterable[CreditUse] = ()) -> Voucher | None:
    """应收 against 应征 per fund, the other way round where less is levied; None over nothing.

    Using a credit books nothing, for what is receivable is what bills leave open less what stands of
    credits; but a credit of one district that lowers a bill of another (`uses`) moves it there.
    """
    entries = [
        entry
        for fund, net_fen in bill.by_fund().items()
        if net_fen
        for entry in _levied(fund, net_fen, bill.of.district)
    ]
    moved = [entry for one in uses for entry in _moved(one)]
    if not entries and not moved:
        return None
    restated = "更正" if bill.of.restates else ""
    return Voucher(
        event_id=f"bill:{bill.id.hex}",
        owner=bill.of.credit_code,
        kind="adjustment" if bill.of.restates or moved else "bill",
        book_date=bill.issued_on,
        summary=f"{bill.of.period} {restated}缴费通知单 {bill.of.credit_code}",
        entries=(*entries, *moved),
        period=bill.of.period,
        references={"bill": bill.id.hex, "declaration": bill.of.declaration_id.hex},
    )


def _levied(fund: str, net_fen: int, district: str) -> tuple[Entry, Entry]:
    debit, credit = Account.MEMO_RECEIVABLE, Account.MEMO_LEVIED
    if net_fen < 0:
        debit, credit = credit, debit
    return transfer(
        book=Book.MEMO,
        fund=fund,
        debit=debit,
        credit=credit,
        amount_fen=abs(net_fen),
        district=district,
    )


def _moved(use: CreditUse) -> list[Entry]:
    if use.credit.district == use.line.district:
        return []
    return [
        Entry(
            book=Book.MEMO,
            fund=use.credit.fund,
            account=Account.MEMO_RECEIVABLE,
            side=side,
            amount_fen=use.amount_fen,
            district=district,
        )
        for side, district in (
            (Side.DEBIT, use.credit.district),
            (Side.CREDIT, use.line.district),
        )
    ]
