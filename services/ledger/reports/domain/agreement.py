"""四相符: account = bank (账实), = voucher (账证), = ledger (账账), = report (账表), each with evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.ledger.reports.domain.statement import (
    BalanceSheet,
    GeneralRow,
    IncomeStatement,
    Section,
)

DEPOSITS: Final = (
    "income_deposit",
    "fiscal_deposit",
    "expenditure_deposit",
    "treasury_deposit",
)
"""Accounts that a bank or the treasury keeps too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One comparison: two figures from two places, in fen or a count, and where each comes from."""

    what: str
    fund: str | None
    left_name: str
    left: int
    right_name: str
    right: int
    is_money: bool = True
    accounts: tuple[str, ...] = ()
    """Accounts whose entries stand behind it."""

    @property
    def agrees(self) -> bool:
        """Whether the two figures are the same."""
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class Agreement:
    """One of the four, and everything that it rests on."""

    key: str
    name: str
    evidence: tuple[Evidence, ...]

    @property
    def agrees(self) -> bool:
        """Whether every piece of evidence does."""
        return all(one.agrees for one in self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSays:
    """What the bank says of an account (of one fund, or of all), and what is in transit, in fen."""

    account: str
    fund: str | None
    balance_fen: int
    in_transit_fen: int = 0
    """What the books have and the bank has not yet, less the other way round (调节表)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFacts:
    """What a month's entries say about the vouchers they belong to: counts."""

    entries: int
    vouchers: int
    orphans: int
    """Entries without a voucher."""
    misdated: int
    """Entries whose day is not their voucher's."""
    unbalanced: int
    """Vouchers that do not balance in some fund and book."""
    reshaped: int
    """Vouchers whose entries' lines are not 1, 2, 3, … without a gap."""


def with_bank(
    says: Sequence[BankSays], books: Mapping[tuple[str, str], int], names: Mapping[str, str]
) -> Agreement:
    """账实: every deposit, as the bank has it.

    Args:
        says: the bank's figures.
        books: (fund, account) → fen by the books; an account that nobody speaks for is compared
            with nothing, and only agrees when it is empty.
        names: account → its name.
    """
    evidence, covered = [], set[tuple[str, str]]()
    for one in says:
        mine = {key for key in books if key[1] == one.account and one.fund in (None, key[0])}
        covered |= mine
        evidence.append(
            Evidence(
                what=names.get(one.account, one.account),
                fund=one.fund,
                left_name="账簿余额",
                left=sum(books[key] for key in mine),
                right_name="银行余额(调节后)",
                right=one.balance_fen + one.in_transit_fen,
                accounts=(one.account,),
            )
        )
    evidence += [
        Evidence(
            what=f"{names.get(account, account)}(未提供银行余额)",
            fund=fund,
            left_name="账簿余额",
            left=books[fund, account],
            right_name="银行余额",
            right=0,
            accounts=(account,),
        )
        for fund, account in sorted(set(books) - covered)
        if account in DEPOSITS
    ]
    return Agreement("bank", "账实相符", tuple(evidence))


def with_vouchers(facts: VoucherFacts) -> Agreement:
    """账证: every entry of the month belongs to a balanced voucher of its own day."""
    zero = [
        ("无凭证的分录", facts.orphans),
        ("与凭证日期不符的分录", facts.misdated),
        ("借贷不平的凭证", facts.unbalanced),
        ("分录号不连续的凭证", facts.reshaped),
    ]
    head = Evidence(
        what=f"{facts.vouchers} 张凭证、{facts.entries} 条分录",
        fund=None,
        left_name="分录",
        left=facts.entries,
        right_name="有凭证的分录",
        right=facts.entries - facts.orphans,
        is_money=False,
    )
    rest = [
        Evidence(
            what=what,
            fund=None,
            left_name="发现",
            left=count,
            right_name="应为",
            right=0,
            is_money=False,
        )
        for what, count in zero
    ]
    return Agreement("voucher", "账证相符", (head, *rest))


Key = tuple[str, str, str]
"""(book, fund, account)."""


def with_ledgers(
    general: Mapping[Key, tuple[int, int]],
    detail: Mapping[Key, tuple[int, int]],
    names: Mapping[str, str],
) -> Agreement:
    """账账: general ledger (buckets) = detail ledgers (entries), account by account; Dr = Cr."""
    evidence = []
    for key in sorted({*general, *detail}):
        _, fund, account = key
        left, right = general.get(key, (0, 0)), detail.get(key, (0, 0))
        for side, index in (("借方", 0), ("贷方", 1)):
            if left[index] or right[index]:
                evidence.append(
                    Evidence(
                        what=f"{names.get(account, account)} {side}",
                        fund=fund,
                        left_name="总账",
                        left=left[index],
                        right_name="明细账",
                        right=right[index],
                        accounts=(account,),
                    )
                )
    return Agreement("ledger", "账账相符", (*_sides(general), *evidence))


def _sides(general: Mapping[Key, tuple[int, int]]) -> Iterable[Evidence]:
    totals: dict[tuple[str, str], list[int]] = {}
    for (book, fund, _), (debit_fen, credit_fen) in general.items():
        sums = totals.setdefault((book, fund), [0, 0])
        sums[0] += debit_fen
        sums[1] += credit_fen
    return [
        Evidence(
            what=f"{'法定账' if book == 'statutory' else '备查账'}借贷合计",
            fund=fund,
            left_name="借方",
            left=debit_fen,
            right_name="贷方",
            right=credit_fen,
        )
        for (book, fund), (debit_fen, credit_fen) in sorted(totals.items())
    ]


def with_reports(
    fund: str,
    rows: Sequence[GeneralRow],
    moved: Mapping[str, int],
    sheet: BalanceSheet,
    statement: IncomeStatement,
) -> list[Evidence]:
    """账表 of one fund: each line of both statements against the general ledger; totals that foot.

    Args:
        fund: whose.
        rows: its general ledger.
        moved: account → debits minus credits of the span, carry-overs left out.
        sheet: its balance sheet.
        statement: its statement of income and expense.
    """
    closing = {row.account: row.closing_fen for row in rows if row.parts == (row.account,)}
    evidence = [
        Evidence(
            what=f"资产负债表 {line.name}",
            fund=fund,
            left_name="报表",
            left=line.second_fen,
            right_name="总账",
            right=sum(closing.get(part, 0) for part in line.parts),
            accounts=line.parts,
        )
        for section in (sheet.assets, sheet.liabilities, sheet.net_assets)
        for line in section.lines
        if line.level == 1 and line.account in closing
    ]
    for section, sign in ((statement.income, -1), (statement.expense, 1)):
        evidence += _section_evidence(fund, section, sign, moved)
    evidence.append(_foots(fund, "资产负债表 资产 = 负债 + 净资产", sheet.differences))
    evidence.append(_foots(fund, "收支表 期初结余 + 本期收支 = 期末结余", statement.differences))
    return evidence


def _section_evidence(
    fund: str, section: Section, sign: int, moved: Mapping[str, int]
) -> list[Evidence]:
    return [
        Evidence(
            what=f"收支表 {line.name}",
            fund=fund,
            left_name="报表",
            left=line.first_fen,
            right_name="总账发生额",
            right=sign * sum(moved.get(p, 0) for p in line.parts),
            accounts=line.parts,
        )
        for line in section.lines
        if line.level == 1
    ]


def _foots(fund: str, what: str, differences: tuple[int, int]) -> Evidence:
    first, second = differences
    return Evidence(
        what=what,
        fund=fund,
        left_name="差额",
        left=abs(first) + abs(second),
        right_name="应为",
        right=0,
    )
