"""The four agreements (四相符): books against bank (账实), vouchers (账证), ledgers (账账) and reports
(账表), each with its comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.ledger.reports.domain.general_ledger import GeneralRow
from services.ledger.reports.domain.statement import (
    BalanceSheet,
    IncomeStatement,
    Section,
)

DEPOSITS: Final = (
    "income_deposit",
    "fiscal_deposit",
    "expenditure_deposit",
    "treasury_deposit",
)
"""Accounts that a bank or the treasury also keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCheck:
    """One comparison of two figures, in fen or a count, with the source of each."""

    what: str
    fund: str | None
    left_name: str
    left: int
    right_name: str
    right: int
    is_money: bool = True
    accounts: tuple[str, ...] = ()
    """Accounts whose entries explain it."""

    @property
    def agrees(self) -> bool:
        """Tell whether the two figures are equal."""
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class Agreement:
    """One of the four agreements with its comparisons."""

    key: str
    name: str
    checks: tuple[AgreementCheck, ...]

    @property
    def agrees(self) -> bool:
        """Tell whether every comparison agrees."""
        return all(check.agrees for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFigure:
    """The bank's balance of an account (of one fund, or of all) and the net in transit, in fen."""

    account: str
    fund: str | None
    balance_fen: int
    in_transit_fen: int = 0
    """Items only in the books less items only at the bank, from the adjustment table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFacts:
    """Counts of entries and of faults in the vouchers they belong to."""

    entries: int
    vouchers: int
    orphans: int
    """Entries without a voucher."""
    misdated: int
    """Vouchers with an entry of another day."""
    unbalanced: int
    """Vouchers that do not balance in some fund and book."""
    reshaped: int
    """Vouchers whose entries' lines are not 1, 2, 3, … without a gap."""


def with_bank(
    figures: Sequence[BankFigure], books: Mapping[tuple[str, str], int], names: Mapping[str, str]
) -> Agreement:
    """Compare every deposit with the bank (账实).

    Args:
        figures: the bank's figures.
        books: (fund, account) → fen in the books; an account without a bank figure is compared with
            zero.
        names: account → its name.
    """
    checks, covered = [], set[tuple[str, str]]()
    for one in figures:
        mine = {key for key in books if key[1] == one.account and one.fund in (None, key[0])}
        covered |= mine
        checks.append(
            AgreementCheck(
                what=names.get(one.account, one.account),
                fund=one.fund,
                left_name="账簿余额",
                left=sum(books[key] for key in mine),
                right_name="银行余额(调节后)",
                right=one.balance_fen + one.in_transit_fen,
                accounts=(one.account,),
            )
        )
    checks += [
        AgreementCheck(
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
    return Agreement("bank", "账实相符", tuple(checks))


def with_vouchers(facts: VoucherFacts) -> Agreement:
    """Check that every entry belongs to a balanced voucher of its own day (账证)."""
    zero = [
        ("无凭证的分录", facts.orphans),
        ("与凭证日期不符的分录", facts.misdated),
        ("借贷不平的凭证", facts.unbalanced),
        ("分录号不连续的凭证", facts.reshaped),
    ]
    head = AgreementCheck(
        what=f"{facts.vouchers} 张凭证、{facts.entries} 条分录",
        fund=None,
        left_name="分录",
        left=facts.entries,
        right_name="有凭证的分录",
        right=facts.entries - facts.orphans,
        is_money=False,
    )
    rest = [
        AgreementCheck(
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
    """Compare the general ledger (buckets) with the detail ledgers (entries), and Dr with Cr (账账)."""
    checks = []
    for key in sorted({*general, *detail}):
        _, fund, account = key
        left, right = general.get(key, (0, 0)), detail.get(key, (0, 0))
        for side, index in (("借方", 0), ("贷方", 1)):
            if left[index] or right[index]:
                checks.append(
                    AgreementCheck(
                        what=f"{names.get(account, account)} {side}",
                        fund=fund,
                        left_name="总账",
                        left=left[index],
                        right_name="明细账",
                        right=right[index],
                        accounts=(account,),
                    )
                )
    return Agreement("ledger", "账账相符", (*_sides(general), *checks))


def _sides(general: Mapping[Key, tuple[int, int]]) -> Iterable[AgreementCheck]:
    totals: dict[tuple[str, str], list[int]] = {}
    for (book, fund, _), (debit_fen, credit_fen) in general.items():
        sums = totals.setdefault((book, fund), [0, 0])
        sums[0] += debit_fen
        sums[1] += credit_fen
    return [
        AgreementCheck(
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
) -> list[AgreementCheck]:
    """Compare each line of one fund's statements with the general ledger, and check totals (账表).

    Args:
        fund: the fund's code.
        rows: its general ledger.
        moved: account → debits minus credits of the span, carry-overs left out.
        sheet: its balance sheet.
        statement: its statement of income and expense.
    """
    closing = {row.account: row.closing_fen for row in rows if row.parts == (row.account,)}
    checks = [
        AgreementCheck(
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
        checks += _section_checks(fund, section, sign, moved)
    checks.append(_foots(fund, "资产负债表 资产 = 负债 + 净资产", sheet.differences))
    checks.append(_foots(fund, "收支表 期初结余 + 本期收支 = 期末结余", statement.differences))
    return checks


def _section_checks(
    fund: str, section: Section, sign: int, moved: Mapping[str, int]
) -> list[AgreementCheck]:
    return [
        AgreementCheck(
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


def _foots(fund: str, what: str, differences: tuple[int, int]) -> AgreementCheck:
    first, second = differences
    return AgreementCheck(
        what=what,
        fund=fund,
        left_name="差额",
        left=abs(first) + abs(second),
        right_name="应为",
        right=0,
    )
