"""Settlements of the city centre: what each kind moves, from which account to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.ledger.domain.chart import OWN_SOURCE
from services.ledger.domain.errors import AmountsExpected, AmountsNotExpected, FundUnknown
from services.ledger.domain.voucher import CENTRE_SLOT, Draft, Line, draft
from shared.entry import Account, Book
from shared.errors import Fault, Faulty
from shared.roles import CENTRE


class SettlementKind(StrEnum):
    """What a settlement does."""

    SWEEP = "sweep"  # 收入户 → 财政专户,全额
    TREASURY_REMIT = "treasury_remit"  # 国库 → 财政专户,全额
    EXPENDITURE_FUNDING = "expenditure_funding"  # 财政专户 → 支出户,按用款计划
    FISCAL_SUBSIDY = "fiscal_subsidy"  # 财政补贴 → 财政专户

    @property
    def moves_everything(self) -> bool:
        """Whether it empties its account, rather than moving amounts that were asked for."""
        return self in EMPTIED


EMPTIED: Final = {
    SettlementKind.SWEEP: Account.INCOME_DEPOSIT,
    SettlementKind.TREASURY_REMIT: Account.TREASURY_DEPOSIT,
}
"""Account that a kind empties into the fiscal account."""
_MOVED: Final = {
    SettlementKind.EXPENDITURE_FUNDING: (Account.EXPENDITURE_DEPOSIT, Account.FISCAL_DEPOSIT),
    SettlementKind.FISCAL_SUBSIDY: (Account.FISCAL_DEPOSIT, Account.FISCAL_SUBSIDY),
}
"""(debit, credit) of the kinds that move amounts asked for."""
_SUMMARIES: Final = {
    SettlementKind.SWEEP: "收入户划转财政专户",
    SettlementKind.TREASURY_REMIT: "国库划转财政专户",
    SettlementKind.EXPENDITURE_FUNDING: "财政专户拨付支出户",
    SettlementKind.FISCAL_SUBSIDY: "财政补贴入财政专户",
}


class Status(StrEnum):
    """How far a settlement is."""

    PROPOSED = "proposed"
    POSTED = "posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A settlement; `asked` is fund → fen for the kinds that take amounts, else empty."""

    id: UUID
    kind: SettlementKind
    day: date
    summary: str
    asked: Mapping[str, int]
    status: Status
    proposed_by: str
    approved_by: str | None = None
    seq: int | None = None
    moved: Mapping[str, int] | None = None


def check_amounts(kind: SettlementKind, asked: Sequence[str], funds: frozenset[str]) -> None:
    """Refuse amounts where everything moves, their absence where they decide, and wrong funds.

    Raises:
        AmountsExpected, AmountsNotExpected: by the kind.
        FundUnknown: no such fund that day.
        Faulty: a fund named twice.
    """
    if kind.moves_everything:
        if asked:
            raise AmountsNotExpected(kind=kind.value)
        return
    if not asked:
        raise AmountsExpected(kind=kind.value)
    unknown = [
        Fault(f"/amounts/{i}/fund", FundUnknown.code, fund)
        for i, fund in enumerate(asked)
        if fund not in funds
    ]
    if unknown:
        raise FundUnknown(faults=unknown)
    twice = [
        Fault(f"/amounts/{i}/fund", "FUND_TWICE", fund)
        for i, fund in enumerate(asked)
        if fund in asked[:i]
    ]
    if twice:
        raise Faulty(faults=twice)


def event_id(settlement_id: UUID) -> str:
    """The event under which a settlement is booked: once, however often it is tried."""
    return f"settlement:{settlement_id.hex}"


def voucher_of(
    settlement: Settlement, balances: Mapping[tuple[str, str], int]
) -> tuple[Draft | None, dict[str, int]]:
    """The voucher of a settlement and what it moves per fund; None when there is nothing to move.

    Args:
        settlement: what was proposed.
        balances: (fund, district) → fen of the account to be emptied, by the end of its day.
    """
    if settlement.kind.moves_everything:
        account = EMPTIED[settlement.kind]
        moved, lines = _emptying(account, balances)
    else:
        debit, credit = _MOVED[settlement.kind]
        moved = {fund: amount_fen for fund, amount_fen in settlement.asked.items() if amount_fen}
        lines = [
            line
            for fund, amount_fen in moved.items()
            for line in (_debit(fund, debit, CENTRE, amount_fen), _credit(fund, credit, CENTRE, amount_fen))
        ]  # fmt: skip
    if not lines:
        return None, {}
    return _draft(settlement, lines), moved


def _emptying(
    account: str, balances: Mapping[tuple[str, str], int]
) -> tuple[dict[str, int], list[Line]]:
    """Every district of a fund goes to exactly zero; the fund's total goes to the fiscal account.

    A fund whose total is not above zero stays as it is: there is nothing that the bank could move.
    """
    totals: dict[str, int] = {}
    for (fund, _), amount_fen in balances.items():
        totals[fund] = totals.get(fund, 0) + amount_fen
    moved = {fund: total_fen for fund, total_fen in sorted(totals.items()) if total_fen > 0}
    lines: list[Line] = []
    for fund, total_fen in moved.items():
        lines.append(_debit(fund, Account.FISCAL_DEPOSIT, CENTRE, total_fen))
        for (of_fund, district), amount_fen in sorted(balances.items()):
            if of_fund == fund and amount_fen > 0:
                lines.append(_credit(fund, account, district, amount_fen))
            elif of_fund == fund and amount_fen < 0:
                lines.append(_debit(fund, account, district, -amount_fen))
    return moved, lines


def _debit(fund: str, account: str, district: str, amount_fen: int) -> Line:
    return Line(Book.STATUTORY.value, fund, account, district, amount_fen, 0)


def _credit(fund: str, account: str, district: str, amount_fen: int) -> Line:
    return Line(Book.STATUTORY.value, fund, account, district, 0, amount_fen)


def _draft(settlement: Settlement, lines: list[Line]) -> Draft:
    return draft(
        slot=CENTRE_SLOT,
        source=OWN_SOURCE,
        event_id=event_id(settlement.id),
        owner=CENTRE,
        kind=settlement.kind.value,
        book_date=settlement.day,
        summary=settlement.summary or _SUMMARIES[settlement.kind],
        references={"settlement": settlement.id.hex},
        lines=tuple(lines),
    )
