"""Settlements of the city centre: the accounts that each kind moves money between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.ledger.common.domain.refusal import (
    AmountsExpected,
    AmountsNotExpected,
    FundUnknown,
    LedgerRefusal,
)
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.voucher import Draft, draft
from services.ledger.rules.domain.chart import OWN_SOURCE, Catalogue
from services.ledger.rules.domain.chart import Account as ChartAccount
from services.ledger.settlement.domain.line import (
    credit_line,
    debit_line,
    memo_lines,
    signed_line,
)
from services.ledger.settlement.domain.refusals import NothingToMove, SweepBackNeeded
from services.ledger.settlement.domain.terms import SettlementTerms
from services.ledger.settlement.domain.transfer_in import transfer_faults
from shared.entry import Account
from shared.errors import Fault, Faulty
from shared.money import format_yuan
from shared.roles import CENTRE


class SettlementKind(StrEnum):
    """The kind of a settlement."""

    SWEEP = "sweep"  # 收入户 → 财政专户,全额
    SWEEP_BACK = "sweep_back"  # 财政专户 → 收入户,银行退回已划走之款,全额
    TREASURY_REMIT = "treasury_remit"  # 国库 → 财政专户,全额
    EXPENDITURE_FUNDING = "expenditure_funding"  # 财政专户 → 支出户,按用款计划
    FISCAL_SUBSIDY = "fiscal_subsidy"  # 财政补贴 → 财政专户
    INTEREST_RECEIVED = "interest_received"  # 存款利息 → 该存款户
    REFUND = "refund"  # 误缴多缴,原路退回
    ADJUSTMENT_REMIT = "adjustment_remit"  # 上解上级支出
    ADJUSTMENT_RECEIVED = "adjustment_received"  # 下级上解收入
    ADJUSTMENT_GRANT = "adjustment_grant"  # 补助下级支出
    SUPERIOR_GRANT = "superior_grant"  # 上级补助收入
    TRANSFER_IN = "transfer_in"  # 外地转入

    @property
    def moves_everything(self) -> bool:
        """Tell whether it empties its account, instead of moving proposed amounts."""
        return self in EMPTIED


EMPTIED: Final = {
    SettlementKind.SWEEP: Account.INCOME_DEPOSIT,
    SettlementKind.SWEEP_BACK: Account.INCOME_DEPOSIT,
    SettlementKind.TREASURY_REMIT: Account.TREASURY_DEPOSIT,
}
"""Kind → the account that it brings to zero against the fiscal account."""
_MOVED: Final = {
    SettlementKind.EXPENDITURE_FUNDING: (Account.EXPENDITURE_DEPOSIT, Account.FISCAL_DEPOSIT),
    SettlementKind.FISCAL_SUBSIDY: (Account.FISCAL_DEPOSIT, Account.FISCAL_SUBSIDY),
    SettlementKind.ADJUSTMENT_REMIT: ("superior_remittance", Account.EXPENDITURE_DEPOSIT),
    SettlementKind.SUPERIOR_GRANT: (Account.INCOME_DEPOSIT, "superior_subsidy"),
    SettlementKind.TRANSFER_IN: (Account.INCOME_DEPOSIT, "transfer_income"),
}
"""Kind → (debit, credit) of the kinds that move one amount per fund of the centre."""
DEPOSITS: Final = {
    SettlementKind.INTEREST_RECEIVED: frozenset(
        {
            Account.INCOME_DEPOSIT,
            Account.FISCAL_DEPOSIT,
            Account.EXPENDITURE_DEPOSIT,
            Account.TREASURY_DEPOSIT,
        }
    ),
    SettlementKind.REFUND: frozenset(
        {Account.INCOME_DEPOSIT, Account.FISCAL_DEPOSIT, Account.TREASURY_DEPOSIT}
    ),
}
"""Kind → the deposits it may name; the deposits of other kinds are fixed."""
BUDGETED: Final = SettlementKind.EXPENDITURE_FUNDING
"""The kind whose amounts are checked against the budget."""
_SUMMARIES: Final = {
    SettlementKind.SWEEP: "收入户划转财政专户",
    SettlementKind.SWEEP_BACK: "财政专户划回收入户",
    SettlementKind.TREASURY_REMIT: "国库划转财政专户",
    SettlementKind.EXPENDITURE_FUNDING: "财政专户拨付支出户",
    SettlementKind.FISCAL_SUBSIDY: "财政补贴入财政专户",
    SettlementKind.INTEREST_RECEIVED: "存款利息收入",
    SettlementKind.REFUND: "误缴多缴原路退回",
    SettlementKind.ADJUSTMENT_REMIT: "上解调剂金",
    SettlementKind.ADJUSTMENT_RECEIVED: "收到下级上解调剂金",
    SettlementKind.ADJUSTMENT_GRANT: "下拨调剂金",
    SettlementKind.SUPERIOR_GRANT: "收到上级调剂金补助",
    SettlementKind.TRANSFER_IN: "关系转入",
}


class SettlementStatus(StrEnum):
    """How far a settlement is."""

    PROPOSED = "proposed"
    POSTED = "posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementPart:
    """An amount of a fund, with its benefit or income account and its district where they matter."""

    fund: str
    amount_fen: int
    account: str | None = None
    district: str | None = None

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """Return the key that is unique within a settlement."""
        return self.fund, self.account, self.district


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A settlement. `amounts` is fund → fen; it is empty for the kinds that move everything.

    `parts` detail `amounts` by account and district. `moved` is fund → fen once it is posted.
    """

    id: UUID
    kind: SettlementKind
    day: date
    summary: str
    amounts: Mapping[str, int]
    status: SettlementStatus
    proposed_by: str
    parts: tuple[SettlementPart, ...] = ()
    terms: SettlementTerms = field(default_factory=SettlementTerms)
    approved_by: str | None = None
    seq: int | None = None
    moved: Mapping[str, int] | None = None


def check_requests(
    kind: SettlementKind, parts: Sequence[SettlementPart], requests: Sequence[object]
) -> None:
    """Refuse requests unless the kind is an adjustment grant, which takes them instead of parts.

    Raises:
        Faulty: requests are missing or not expected.
    """
    is_grant = kind is SettlementKind.ADJUSTMENT_GRANT
    if bool(requests) is not is_grant or (is_grant and parts):
        raise Faulty(faults=[Fault("/requests", "REQUESTS_AMISS", kind.value)])


def check_parts(
    kind: SettlementKind,
    parts: Sequence[SettlementPart],
    terms: SettlementTerms,
    catalogue: Catalogue,
    on: date,
) -> None:
    """Refuse parts and terms that a kind does not take or that it lacks, naming every fault.

    Raises:
        AmountsExpected, AmountsNotExpected: by the kind.
        FundUnknown: there is no such fund on that day.
        Faulty: any other fault.
    """
    if kind.moves_everything:
        if parts:
            raise AmountsNotExpected(kind=kind.value)
    elif not parts:
        raise AmountsExpected(kind=kind.value)
    unknown = [
        Fault(f"/amounts/{i}/fund", FundUnknown.code, part.fund)
        for i, part in enumerate(parts)
        if catalogue.fund(part.fund, on) is None
    ]
    if unknown:
        raise FundUnknown(faults=unknown)
    faults = [*_part_faults(kind, parts, catalogue, on), *_term_faults(kind, terms)]
    if terms.transfer is not None:
        faults += transfer_faults(terms.transfer, [(one.fund, one.amount_fen) for one in parts])
    if faults:
        raise Faulty(faults=faults)


def _part_faults(
    kind: SettlementKind, parts: Sequence[SettlementPart], catalogue: Catalogue, on: date
) -> Iterator[Fault]:
    seen: set[tuple[str, str | None, str | None]] = set()
    takes_account = kind in {BUDGETED, SettlementKind.REFUND}
    takes_district = kind in {
        SettlementKind.REFUND,
        SettlementKind.ADJUSTMENT_RECEIVED,
        SettlementKind.ADJUSTMENT_GRANT,
    }
    for i, part in enumerate(parts):
        pointer = f"/amounts/{i}"
        if part.key in seen:
            yield Fault(f"{pointer}/fund", "FUND_TWICE", part.fund)
        seen.add(part.key)
        if part.account is not None and not takes_account:
            yield Fault(f"{pointer}/account", "ACCOUNT_NOT_EXPECTED", kind.value)
        if part.district is not None and not takes_district:
            yield Fault(f"{pointer}/district", "DISTRICT_NOT_EXPECTED", kind.value)
        if part.district is None and takes_district:
            yield Fault(f"{pointer}/district", "DISTRICT_EXPECTED", kind.value)
        yield from _account_faults(kind, part, f"{pointer}/account", catalogue, on)


def _account_faults(
    kind: SettlementKind, part: SettlementPart, pointer: str, catalogue: Catalogue, on: date
) -> Iterator[Fault]:
    if part.account is None:
        if kind is SettlementKind.REFUND:
            yield Fault(pointer, "ACCOUNT_EXPECTED", kind.value)
        return
    account = catalogue.account(part.account, on)
    if account is None or not account.postable:
        yield Fault(pointer, "ACCOUNT_UNKNOWN", part.account)
    elif account.funds and part.fund not in account.funds:
        yield Fault(pointer, "ACCOUNT_NOT_IN_FUND", f"{part.account}: {part.fund}")
    elif kind is BUDGETED and not is_spent_on(account):
        yield Fault(pointer, "ACCOUNT_NOT_AN_EXPENSE", part.account)


def _term_faults(kind: SettlementKind, terms: SettlementTerms) -> Iterator[Fault]:
    for name, value, kinds in (
        ("deposit", terms.deposit, set(DEPOSITS)),
        ("refund", terms.refund, {SettlementKind.REFUND}),
        ("voucher", terms.voucher, set[SettlementKind]()),
        ("transfer", terms.transfer, {SettlementKind.TRANSFER_IN}),
    ):
        if (value is not None) is not (kind in kinds):
            ending = "EXPECTED" if value is None else "NOT_EXPECTED"
            yield Fault(f"/{name}", f"{name.upper()}_{ending}", kind.value)
    if terms.over_budget is not None and kind is not BUDGETED:
        yield Fault("/over_budget", "OVER_BUDGET_NOT_EXPECTED", kind.value)
    if terms.plan is not None and kind is not BUDGETED:
        yield Fault("/plan", "PLAN_NOT_EXPECTED", kind.value)
    if terms.deposit is not None and kind in DEPOSITS and terms.deposit not in DEPOSITS[kind]:
        yield Fault("/deposit", "DEPOSIT_UNSUITABLE", terms.deposit)


def is_spent_on(account: ChartAccount) -> bool:
    """Tell whether money is planned for an account: an expense, or an advance of one (暂付款)."""
    return account.account_class == "expense" or account.key == Account.TEMPORARY_PAYMENT


def by_fund(parts: Sequence[SettlementPart]) -> dict[str, int]:
    """Sum parts: fund → fen."""
    sums: dict[str, int] = {}
    for part in parts:
        sums[part.fund] = sums.get(part.fund, 0) + part.amount_fen
    return sums


def event_id(settlement_id: UUID) -> str:
    """Return the event id of a settlement's voucher, which makes it post once."""
    return f"settlement:{settlement_id.hex}"


def voucher_of(
    settlement: Settlement,
    balances: Mapping[tuple[str, str], int],
    money: Sequence[Line] = (),
) -> tuple[Draft | None, dict[str, int]]:
    """Return the voucher of a settlement and fund → fen moved; no voucher if nothing moves.

    Args:
        settlement: the proposed settlement.
        balances: (fund, district) → fen that its day moves from the account to be emptied.
        money: the entries of a transfer in whose money is a receipt in suspense.
    """
    if money:
        return _draft(settlement, list(money)), dict(settlement.amounts)
    if settlement.kind.moves_everything:
        account = EMPTIED[settlement.kind]
        moved, lines = _emptying(account, balances)
    elif settlement.kind not in _MOVED:
        parts = [part for part in settlement.parts if part.amount_fen]
        moved = by_fund(parts)
        lines = [line for part in parts for line in _part_lines(settlement, part)]
        if settlement.terms.credits:
            lines += [
                line
                for part in parts
                for line in memo_lines(part.fund, part.district or CENTRE, part.amount_fen)
            ]
    else:
        debit, credit = _MOVED[settlement.kind]
        moved = {fund: fen for fund, fen in settlement.amounts.items() if fen}
        lines = [
            line
            for fund, fen in moved.items()
            for line in (
                debit_line(fund, debit, CENTRE, fen),
                credit_line(fund, credit, CENTRE, fen),
            )
        ]
    if not lines:
        return None, {}
    return _draft(settlement, lines), moved


def emptying_refusal(
    kind: SettlementKind, balances: Mapping[tuple[str, str], int]
) -> LedgerRefusal | None:
    """Return why an account cannot be emptied by a kind, or None.

    The bank moves the sum over all funds. A fund below zero takes back from its fiscal account.
    """
    total_fen = sum(balances.values())
    total = format_yuan(total_fen)
    if kind is SettlementKind.SWEEP and total_fen < 0:
        return SweepBackNeeded(kind=kind.value, total=total)
    wrong_way = total_fen >= 0 if kind is SettlementKind.SWEEP_BACK else total_fen < 0
    if wrong_way or not any(balances.values()):
        return NothingToMove(kind=kind.value, total=total)
    return None


def _emptying(
    account: str, balances: Mapping[tuple[str, str], int]
) -> tuple[dict[str, int], list[Line]]:
    """Bring every fund and district to zero, each fund against its own fiscal account."""
    moved: dict[str, int] = {}
    for (fund, _), amount_fen in sorted(balances.items()):
        moved[fund] = moved.get(fund, 0) + amount_fen
    lines: list[Line] = []
    for fund, total_fen in moved.items():
        if total_fen:
            lines.append(signed_line(fund, Account.FISCAL_DEPOSIT, CENTRE, total_fen))
        lines += [
            signed_line(fund, account, district, -amount_fen)
            for (of_fund, district), amount_fen in sorted(balances.items())
            if of_fund == fund and amount_fen
        ]
    return {fund: total_fen for fund, total_fen in moved.items() if total_fen}, lines


def _part_lines(settlement: Settlement, part: SettlementPart) -> tuple[Line, Line]:
    """Return debit and credit of one part, for the kinds with accounts or districts."""
    district, deposit = part.district or CENTRE, settlement.terms.deposit or ""
    match settlement.kind:
        case SettlementKind.INTEREST_RECEIVED:
            debit, credit = (deposit, CENTRE), (Account.INTEREST_INCOME, CENTRE)
        case SettlementKind.REFUND:
            # The fiscal account belongs to the centre, whichever district received the money.
            payer = CENTRE if deposit == Account.FISCAL_DEPOSIT else district
            debit, credit = (part.account or "", district), (deposit, payer)
        case SettlementKind.ADJUSTMENT_RECEIVED:
            debit, credit = (Account.INCOME_DEPOSIT, district), ("subordinate_remittance", district)
        case SettlementKind.ADJUSTMENT_GRANT:
            debit, credit = ("subordinate_subsidy", district), (Account.EXPENDITURE_DEPOSIT, CENTRE)
        case _:
            raise AssertionError(settlement.kind)
    return debit_line(part.fund, *debit, part.amount_fen), credit_line(
        part.fund, *credit, part.amount_fen
    )


def _draft(settlement: Settlement, lines: list[Line]) -> Draft:
    return draft(
        slot=CENTRE_SLOT,
        source=OWN_SOURCE,
        event_id=event_id(settlement.id),
        owner=CENTRE,
        kind=settlement.kind.value,
        book_date=settlement.day,
        summary=settlement.summary or _SUMMARIES[settlement.kind],
        references=_references(settlement),
        lines=tuple(lines),
    )


def _references(settlement: Settlement) -> dict[str, str]:
    terms = settlement.terms
    papers = {
        "refund": terms.refund,
        "voucher": terms.voucher,
        "receipt": terms.receipt,
        "plan": terms.plan,
    }
    papers["contact_letter"] = terms.transfer.letter if terms.transfer else None
    return {"settlement": settlement.id.hex} | {k: v for k, v in papers.items() if v}
