"""Shapes of the bank adjustment table and of the four agreements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from services.ledger.common.schemas import UNIT_NOTE, Cell, Fen, Row, Sheet
from services.ledger.reports.domain.agreement import Agreement, AgreementCheck, BankFigure
from services.ledger.reports.domain.bank_adjustment import (
    FAR,
    BankAdjustment,
    BankLine,
    BankMatch,
    BankStatement,
    BookItem,
)
from services.ledger.reports.domain.span import Span
from services.ledger.reports.schemas.head import entries_link
from shared.entry import Book
from shared.money import format_yuan
from shared.schema import Code, Day, In, Out, Yuan, YuanOut
from shared.wire.ledger import AccountKey

PERIOD: Final = r"^(19|20)[0-9]{2}(-(0[1-9]|1[0-2]))?$"
_Text = Annotated[str, StringConstraints(max_length=200)]
_Mark = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class BankLineIn(In):
    """A line of the bank's statement; payments are negative."""

    serial: _Mark = Field(examples=["BK20210715000001"])
    value_date: Day = Field(examples=["2021-07-15"])
    amount: Yuan = Field(examples=["1200.00"])
    summary: _Text = ""
    paper: _Mark | None = Field(
        default=None,
        description="业务单据号,账簿凭证亦列明者 (a paper number that the voucher names too)",
    )


class BankAdjustmentIn(In):
    """Compare the books with a bank statement over a window that ends on `as_of`."""

    account: AccountKey = Field(examples=["income_deposit"])
    fund: Code | None = None
    from_day: Day = Field(examples=["2021-07-01"])
    as_of: Day = Field(examples=["2021-07-31"])
    bank_balance: Yuan = Field(examples=["0.00"])
    lines: list[BankLineIn] = Field(max_length=20_000)
    tolerance_days: int = Field(default=10, ge=0, le=FAR)

    @model_validator(mode="after")
    def _forward(self) -> BankAdjustmentIn:
        if self.from_day > self.as_of:
            raise ValueError("from_day 晚于 as_of (after as_of)")
        return self

    def statement(self) -> BankStatement:
        """Return the statement. Lines of zero are left out: they explain nothing."""
        lines = (
            BankLine(line.serial, line.value_date, line.amount, line.summary, line.paper)
            for line in self.lines
            if line.amount
        )
        return BankStatement(
            account=self.account,
            fund=self.fund,
            first=self.from_day,
            last=self.as_of,
            balance_fen=self.bank_balance,
            lines=tuple(lines),
        )


class TransitLineOut(Out):
    """A bank line that is not in the books."""

    serial: str
    value_date: date
    amount: YuanOut
    summary: str

    @classmethod
    def of(cls, line: BankLine) -> TransitLineOut:
        """Answer a bank line."""
        return cls(
            serial=line.serial, value_date=line.day, amount=line.amount_fen, summary=line.summary
        )


class TransitItemOut(Out):
    """A voucher that is not on the bank's statement."""

    voucher: str
    book_date: date
    amount: YuanOut
    summary: str

    @classmethod
    def of(cls, item: BookItem) -> TransitItemOut:
        """Answer a voucher's effect on the account."""
        return cls(
            voucher=item.voucher, book_date=item.day, amount=item.amount_fen, summary=item.summary
        )


class BankMatchOut(Out):
    """Bank lines and vouchers that are the same money, and how they were matched."""

    by: str
    serials: list[str]
    vouchers: list[str]
    amount: YuanOut

    @classmethod
    def of(cls, match: BankMatch) -> BankMatchOut:
        """Answer a match."""
        return cls(
            by=match.by,
            serials=[line.serial for line in match.lines],
            vouchers=[item.voucher for item in match.items],
            amount=sum(line.amount_fen for line in match.lines),
        )


class BankAdjustmentOut(Out):
    """The bank adjustment table: both balances, items in transit, and the unexplained difference."""

    account: str
    name: str
    fund: str | None
    as_of: date
    book_balance: YuanOut
    bank_balance: YuanOut
    bank_received: list[TransitLineOut] = Field(description="加:银行已收、账簿未收")
    bank_paid: list[TransitLineOut] = Field(description="减:银行已付、账簿未付")
    book_received: list[TransitItemOut] = Field(description="加:账簿已收、银行未收")
    book_paid: list[TransitItemOut] = Field(description="减:账簿已付、银行未付")
    adjusted_book_balance: YuanOut
    adjusted_bank_balance: YuanOut
    difference: YuanOut
    agrees: bool
    matched: list[BankMatchOut]
    entries: str

    @classmethod
    def of(cls, statement: BankStatement, name: str, table: BankAdjustment) -> BankAdjustmentOut:
        """Answer the table of an account with this name."""
        days = (statement.first, statement.last)
        return cls(
            account=statement.account,
            name=name,
            fund=statement.fund,
            as_of=statement.last,
            book_balance=table.book_fen,
            bank_balance=table.bank_fen,
            bank_received=[TransitLineOut.of(line) for line in table.bank_received],
            bank_paid=[TransitLineOut.of(line) for line in table.bank_paid],
            book_received=[TransitItemOut.of(item) for item in table.book_received],
            book_paid=[TransitItemOut.of(item) for item in table.book_paid],
            adjusted_book_balance=table.adjusted_book_fen,
            adjusted_bank_balance=table.adjusted_bank_fen,
            difference=table.difference_fen,
            agrees=table.difference_fen == 0,
            matched=[BankMatchOut.of(match) for match in table.matched],
            entries=entries_link(statement.account, statement.fund, Book.STATUTORY.value, days),
        )


def adjustment_sheet(out: BankAdjustmentOut) -> Sheet:
    """Lay the table out as a sheet: the books' side, then the bank's."""
    rows = [Row(("账簿余额", "", None, Fen(out.book_balance)), strong=True)]
    rows += _transit(
        "加:银行已收、账簿未收", [(x.serial, x.value_date, x.amount) for x in out.bank_received]
    )
    rows += _transit(
        "减:银行已付、账簿未付", [(x.serial, x.value_date, x.amount) for x in out.bank_paid]
    )
    rows.append(Row(("调节后账簿余额", "", None, Fen(out.adjusted_book_balance)), strong=True))
    rows.append(Row(("银行余额", "", None, Fen(out.bank_balance)), strong=True))
    rows += _transit(
        "加:账簿已收、银行未收", [(x.voucher, x.book_date, x.amount) for x in out.book_received]
    )
    rows += _transit(
        "减:账簿已付、银行未付", [(x.voucher, x.book_date, x.amount) for x in out.book_paid]
    )
    rows.append(Row(("调节后银行余额", "", None, Fen(out.adjusted_bank_balance)), strong=True))
    rows.append(Row(("差额", "", None, Fen(out.difference)), strong=True))
    notes = (f"账户:{out.name}", f"基金:{out.fund or '全部'}", f"截至:{out.as_of}", UNIT_NOTE)
    return Sheet(
        f"bank-adjustment-{out.as_of}",
        "银行存款余额调节表",
        notes,
        ("项目", "流水号/凭证号", "日期", "金额"),
        tuple(rows),
    )


def _transit(title: str, items: Sequence[tuple[str, date, int]]) -> list[Row]:
    total = Fen(sum(amount for _, _, amount in items))
    return [
        Row((title, f"{len(items)} 笔", None, total)),
        *(Row(("　", mark, day, Fen(amount))) for mark, day, amount in items),
    ]


# --- four agreements -----------------------------------------------------------------------


class BankFigureIn(In):
    """The bank's balance of a deposit at the period's end, and the net in transit of its table."""

    account: AccountKey = Field(examples=["fiscal_deposit"])
    fund: Code | None = None
    balance: Yuan = Field(examples=["30300.50"])
    in_transit: Yuan = Field(
        default=0,
        examples=["0.00"],
        description="调节:账簿已记银行未记净额,减银行已记账簿未记净额",
    )


class FourAgreementsIn(In):
    """A request for the four agreements of a month or a year."""

    period: Annotated[str, StringConstraints(pattern=PERIOD)] = Field(examples=["2021-07"])
    banks: list[BankFigureIn] = Field(max_length=200)

    def figures(self) -> list[BankFigure]:
        """Return the bank's figures."""
        return [
            BankFigure(
                account=one.account,
                fund=one.fund,
                balance_fen=one.balance,
                in_transit_fen=one.in_transit,
            )
            for one in self.banks
        ]


class AgreementCheckOut(Out):
    """One comparison; counts have no decimals."""

    what: str
    fund: str | None
    left_name: str
    left: str
    right_name: str
    right: str
    difference: str
    agrees: bool
    entries: list[str]

    @classmethod
    def of(cls, check: AgreementCheck, key: str, span: Span) -> AgreementCheckOut:
        """Answer one comparison of the agreement `key`."""
        write = format_yuan if check.is_money else str
        days = (None if key == "bank" else span.first, span.last)
        return cls(
            what=check.what,
            fund=check.fund,
            left_name=check.left_name,
            left=write(check.left),
            right_name=check.right_name,
            right=write(check.right),
            difference=write(check.left - check.right),
            agrees=check.agrees,
            entries=[
                entries_link(account, check.fund, _book(account), days)
                for account in check.accounts
            ],
        )


class AgreementOut(Out):
    """One of the four agreements with its comparisons; those that differ come first."""

    key: str
    name: str
    agrees: bool
    checked: int
    evidence: list[AgreementCheckOut]

    @classmethod
    def of(cls, agreement: Agreement, span: Span) -> AgreementOut:
        """Answer one agreement."""
        return cls(
            key=agreement.key,
            name=agreement.name,
            agrees=agreement.agrees,
            checked=len(agreement.checks),
            evidence=[
                AgreementCheckOut.of(check, agreement.key, span)
                for check in sorted(agreement.checks, key=lambda check: check.agrees)
            ],
        )


class FourAgreementsOut(Out):
    """The four agreements: 账实、账证、账账、账表相符."""

    period: str
    from_day: date
    to_day: date
    agrees: bool
    agreements: list[AgreementOut]

    @classmethod
    def of(cls, span: Span, agreements: Sequence[Agreement]) -> FourAgreementsOut:
        """Answer the four agreements."""
        return cls(
            period=span.label,
            from_day=span.first,
            to_day=span.last,
            agrees=all(agreement.agrees for agreement in agreements),
            agreements=[AgreementOut.of(agreement, span) for agreement in agreements],
        )


def _book(account: str) -> str:
    return "memo" if account.startswith("memo_") else "statutory"


def agreements_sheet(out: FourAgreementsOut) -> Sheet:
    """Lay the report out as a sheet."""
    rows: list[Row] = []
    for agreement in out.agreements:
        rows.append(Row((agreement.name, "", "", "", _verdict(agreement.agrees)), strong=True))
        for check in agreement.evidence:
            cells: tuple[Cell, ...] = (
                f"　{check.fund or ''} {check.what}",
                f"{check.left_name} {check.left}",
                f"{check.right_name} {check.right}",
                check.difference,
                _verdict(check.agrees),
            )
            rows.append(Row(cells))
    notes = (f"期间:{out.period}", f"结论:{_verdict(out.agrees)}", UNIT_NOTE)
    return Sheet(
        f"four-agreements-{out.period}",
        "账实、账证、账账、账表相符情况表",
        notes,
        ("核对事项", "左方", "右方", "差额", "结果"),
        tuple(rows),
    )


def _verdict(agrees: bool) -> str:
    return "相符" if agrees else "不相符"
