"""The bank adjustment table and the four agreements, at the door and going out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from services.ledger.common.schemas import UNIT_NOTE, Cell, Fen, Row, Sheet
from services.ledger.reports.domain.agreement import Agreement, BankSays, Evidence
from services.ledger.reports.domain.bank_adjustment import (
    FAR,
    Adjustment,
    BankLine,
    BookItem,
    Matched,
)
from services.ledger.reports.domain.statement import Span
from services.ledger.reports.schemas.head import entries_link
from shared.money import format_yuan
from shared.schema import Code, In, Out, Yuan, YuanOut
from shared.wire.ledger import AccountKey

PERIOD: Final = r"^(19|20)[0-9]{2}(-(0[1-9]|1[0-2]))?$"
_Text = Annotated[str, StringConstraints(max_length=200)]
_Mark = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class BankLineIn(In):
    """A line of the bank's statement; money out is below zero."""

    serial: _Mark = Field(examples=["BK20210715000001"])
    value_date: date = Field(examples=["2021-07-15"])
    amount: Yuan = Field(examples=["1200.00"])
    summary: _Text = ""
    paper: _Mark | None = Field(default=None, description="业务单据号,账簿凭证亦列明者")


class BankAdjustmentIn(In):
    """Compare the books with a bank statement over a window that ends on `as_of`."""

    account: AccountKey = Field(examples=["income_deposit"])
    fund: Code | None = None
    from_day: date = Field(examples=["2021-07-01"])
    as_of: date = Field(examples=["2021-07-31"])
    bank_balance: Yuan = Field(examples=["0.00"])
    lines: list[BankLineIn] = Field(max_length=20_000)
    tolerance_days: int = Field(default=10, ge=0, le=FAR)

    @model_validator(mode="after")
    def _forward(self) -> BankAdjustmentIn:
        if self.from_day > self.as_of:
            raise ValueError("from_day 晚于 as_of (after as_of)")
        return self

    def bank_lines(self) -> list[BankLine]:
        """The lines as the domain takes them; what nets to nothing says nothing."""
        return [
            BankLine(line.serial, line.value_date, line.amount, line.summary, line.paper)
            for line in self.lines
            if line.amount
        ]


class TransitLineOut(Out):
    """A bank line that the books do not know."""

    serial: str
    value_date: date
    amount: YuanOut
    summary: str


class TransitItemOut(Out):
    """A voucher that the bank does not know."""

    voucher: str
    book_date: date
    amount: YuanOut
    summary: str


class MatchedOut(Out):
    """What is the same money on both sides, and how that was seen."""

    by: str
    serials: list[str]
    vouchers: list[str]
    amount: YuanOut


class BankAdjustmentOut(Out):
    """银行存款余额调节表: both balances, what is in transit, and what stays unexplained."""

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
    matched: list[MatchedOut]
    entries: str


def adjustment_out(body: BankAdjustmentIn, name: str, found: Adjustment) -> BankAdjustmentOut:
    """The table going out."""
    days = (body.from_day, body.as_of)
    return BankAdjustmentOut(
        account=body.account,
        name=name,
        fund=body.fund,
        as_of=body.as_of,
        book_balance=found.book_fen,
        bank_balance=found.bank_fen,
        bank_received=[_line(line) for line in found.bank_received],
        bank_paid=[_line(line) for line in found.bank_paid],
        book_received=[_item(item) for item in found.book_received],
        book_paid=[_item(item) for item in found.book_paid],
        adjusted_book_balance=found.adjusted_book_fen,
        adjusted_bank_balance=found.adjusted_bank_fen,
        difference=found.difference_fen,
        agrees=found.difference_fen == 0,
        matched=[_matched(one) for one in found.matched],
        entries=entries_link(body.account, body.fund, "statutory", days),
    )


def _line(line: BankLine) -> TransitLineOut:
    return TransitLineOut(
        serial=line.serial, value_date=line.day, amount=line.amount_fen, summary=line.summary
    )


def _item(item: BookItem) -> TransitItemOut:
    return TransitItemOut(
        voucher=item.voucher, book_date=item.day, amount=item.amount_fen, summary=item.summary
    )


def _matched(one: Matched) -> MatchedOut:
    return MatchedOut(
        by=one.by,
        serials=[line.serial for line in one.lines],
        vouchers=[item.voucher for item in one.items],
        amount=sum(line.amount_fen for line in one.lines),
    )


def adjustment_sheet(out: BankAdjustmentOut) -> Sheet:
    """The table as a sheet: the books' side, then the bank's."""
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


class BankSaysIn(In):
    """What the bank says of a deposit at the period's end, and the net in transit of its table."""

    account: AccountKey = Field(examples=["fiscal_deposit"])
    fund: Code | None = None
    balance: Yuan = Field(examples=["30300.50"])
    in_transit: Yuan = Field(
        default=0,
        examples=["0.00"],
        description="调节:账簿已记银行未记净额,减银行已记账簿未记净额",
    )


class FourAgreementsIn(In):
    """Ask for the four agreements of a month or a year."""

    period: Annotated[str, StringConstraints(pattern=PERIOD)] = Field(examples=["2021-07"])
    banks: list[BankSaysIn] = Field(max_length=200)

    def says(self) -> list[BankSays]:
        """The bank's figures as the domain takes them."""
        return [
            BankSays(
                account=one.account,
                fund=one.fund,
                balance_fen=one.balance,
                in_transit_fen=one.in_transit,
            )
            for one in self.banks
        ]


class EvidenceOut(Out):
    """One comparison; a count is written without decimals."""

    what: str
    fund: str | None
    left_name: str
    left: str
    right_name: str
    right: str
    difference: str
    agrees: bool
    entries: list[str]


class AgreementOut(Out):
    """One of the four; `checked` comparisons, of which those that differ come first."""

    key: str
    name: str
    agrees: bool
    checked: int
    evidence: list[EvidenceOut]


class FourAgreementsOut(Out):
    """账实、账证、账账、账表相符."""

    period: str
    from_day: date
    to_day: date
    agrees: bool
    agreements: list[AgreementOut]


def agreements_out(span: Span, found: Sequence[Agreement]) -> FourAgreementsOut:
    """The report going out."""
    return FourAgreementsOut(
        period=span.label,
        from_day=span.first,
        to_day=span.last,
        agrees=all(one.agrees for one in found),
        agreements=[
            AgreementOut(
                key=one.key,
                name=one.name,
                agrees=one.agrees,
                checked=len(one.evidence),
                evidence=[
                    _evidence(piece, one.key, span)
                    for piece in sorted(one.evidence, key=lambda piece: piece.agrees)
                ],
            )
            for one in found
        ],
    )


def _evidence(piece: Evidence, key: str, span: Span) -> EvidenceOut:
    said = format_yuan if piece.is_money else str
    days = (None if key == "bank" else span.first, span.last)
    return EvidenceOut(
        what=piece.what,
        fund=piece.fund,
        left_name=piece.left_name,
        left=said(piece.left),
        right_name=piece.right_name,
        right=said(piece.right),
        difference=said(piece.left - piece.right),
        agrees=piece.agrees,
        entries=[
            entries_link(account, piece.fund, _book(account), days) for account in piece.accounts
        ],
    )


def _book(account: str) -> str:
    return "memo" if account.startswith("memo_") else "statutory"


def agreements_sheet(out: FourAgreementsOut) -> Sheet:
    """The report as a sheet."""
    rows: list[Row] = []
    for one in out.agreements:
        rows.append(Row((one.name, "", "", "", _said(one.agrees)), strong=True))
        for piece in one.evidence:
            cells: tuple[Cell, ...] = (
                f"　{piece.fund or ''} {piece.what}",
                f"{piece.left_name} {piece.left}",
                f"{piece.right_name} {piece.right}",
                piece.difference,
                _said(piece.agrees),
            )
            rows.append(Row(cells))
    notes = (f"期间:{out.period}", f"结论:{_said(out.agrees)}", UNIT_NOTE)
    return Sheet(
        f"four-agreements-{out.period}",
        "账实、账证、账账、账表相符情况表",
        notes,
        ("核对事项", "左方", "右方", "差额", "结果"),
        tuple(rows),
    )


def _said(agrees: bool) -> str:
    return "相符" if agrees else "不相符"
