"""Shapes of the bank balance adjustment table: as JSON, and to print."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.reconciliation.domain.bank_table import (
    AdjustmentLine,
    AdjustmentSide,
    AdjustmentTable,
)
from services.collection.reconciliation.domain.item import (
    DifferenceKind,
    DifferenceStatus,
    SettlingReason,
)
from services.collection.reconciliation.domain.statement import ACCOUNTS
from shared.money import format_yuan
from shared.schema import Out, YuanOut
from shared.web.html import Html, page, row, tag


class AdjustmentLineOut(Out):
    """One difference between bank and books, and its item's handling."""

    subject: str
    kind: DifferenceKind
    day: date
    amount: YuanOut
    status: DifferenceStatus | None
    owner: str | None
    reason: SettlingReason | None

    @classmethod
    def of(cls, line: AdjustmentLine) -> AdjustmentLineOut:
        """Build the answer from a line."""
        return cls(
            subject=line.subject,
            kind=DifferenceKind(line.kind),
            day=line.day,
            amount=line.fen,
            status=None if line.status is None else DifferenceStatus(line.status),
            owner=line.owner,
            reason=None if line.reason is None else SettlingReason(line.reason),
        )


class BankAdjustmentTableOut(Out):
    """The table: book balance ± bank's items = bank balance ± books' items."""

    account: str
    name: str
    as_of: date
    statement_day: date = Field(description="最近对账单日 (the day of the latest statement)")
    book_balance: YuanOut
    bank_balance: YuanOut
    bank_received: list[AdjustmentLineOut] = Field(description="加:银行已收、账簿未收")
    bank_paid: list[AdjustmentLineOut] = Field(description="减:银行已付、账簿未付")
    book_received: list[AdjustmentLineOut] = Field(description="加:账簿已收、银行未收")
    book_paid: list[AdjustmentLineOut] = Field(description="减:账簿已付、银行未付")
    adjusted_book_balance: YuanOut
    adjusted_bank_balance: YuanOut
    difference: YuanOut = Field(description="未说明的差额 (not explained by the lines)")

    @classmethod
    def of(cls, table: AdjustmentTable) -> BankAdjustmentTableOut:
        """Build the answer."""
        sides = {
            side.value: [AdjustmentLineOut.of(line) for line in table.of_side(side)]
            for side in AdjustmentSide
        }
        return cls(
            account=table.account,
            name=ACCOUNTS[table.account],
            as_of=table.as_of,
            statement_day=table.statement_day,
            book_balance=table.book_fen,
            bank_balance=table.bank_fen,
            adjusted_book_balance=table.adjusted_book_fen,
            adjusted_bank_balance=table.adjusted_bank_fen,
            difference=table.difference_fen,
            **sides,
        )


def table_page(table: AdjustmentTable) -> str:
    """Write the table as a page to print, with places for two signatures."""
    of_books = (AdjustmentSide.BANK_RECEIVED, AdjustmentSide.BANK_PAID)
    of_bank = (AdjustmentSide.BOOK_RECEIVED, AdjustmentSide.BOOK_PAID)
    return page(
        "银行存款余额调节表",
        tag("h1", "银行存款余额调节表"),
        tag("p", f"{ACCOUNTS[table.account]} · {table.as_of.isoformat()} · 单位:元", of="number"),
        _half(table, "账簿余额", table.book_fen, of_books, table.adjusted_book_fen),
        _half(table, "银行对账单余额", table.bank_fen, of_bank, table.adjusted_bank_fen),
        tag("p", f"未说明的差额:{format_yuan(table.difference_fen)}", of="said"),
        tag("div", tag("span", "编制:"), tag("span", "复核:"), tag("span", "日期:"), of="signed"),
    )


def _half(
    table: AdjustmentTable,
    heading: str,
    balance_fen: int,
    sides: tuple[AdjustmentSide, ...],
    adjusted_fen: int,
) -> Html:
    rows = [row("td", heading, "", "", format_yuan(balance_fen), money_from=3, of="total")]
    for side in sides:
        rows.append(row("td", side.chinese, "", "", format_yuan(table.total(side)), money_from=3))
        rows += [
            row(
                "td",
                line.subject,
                line.day.isoformat(),
                SettlingReason(line.reason).chinese if line.reason else (line.owner or "待查"),
                format_yuan(line.fen),
                money_from=3,
            )
            for line in table.of_side(side)
        ]
    rows.append(
        row("td", "调节后余额", "", "", format_yuan(adjusted_fen), money_from=3, of="total")
    )
    head = tag("thead", row("th", "项目", "日期", "原因或经办人", "金额"))
    return tag("table", head, tag("tbody", *rows))
