"""Printed vouchers (记账凭证): one page per fund and book, names in Chinese, negatives in red."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.ledger.common.schemas import UNIT_NOTE, Fen, Row, Sheet
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.voucher import Draft, voucher_id
from services.ledger.posting.store.voucher import VoucherRecord
from services.ledger.rules.domain.chart import Catalogue
from shared.cn.capital import capital
from shared.schema import Out, YuanOut

_BOOKS = {"statutory": "法定账", "memo": "备查账"}


class PrintLineOut(Out):
    """One entry as it is printed."""

    summary: str
    code: str
    name: str
    account: str
    district: str
    debit: YuanOut | None
    credit: YuanOut | None

    @classmethod
    def of(cls, line: Line, summary: str, day: date, catalogue: Catalogue) -> PrintLineOut:
        """Answer an entry, named by the chart of a day."""
        account = catalogue.described(line.account, day)
        return cls(
            summary=summary,
            code=account.code if account else "",
            name=account.name if account else line.account,
            account=line.account,
            district=line.district,
            debit=line.debit_fen or None,
            credit=line.credit_fen or None,
        )


class PrintPageOut(Out):
    """The page of one fund and book. Each fund is an accounting entity of its own."""

    fund: str
    fund_name: str
    book: str
    book_name: str
    lines: list[PrintLineOut]
    debit: YuanOut
    credit: YuanOut
    in_words: str = Field(examples=["壹仟贰佰叁拾肆元伍角整"])

    @classmethod
    def of(cls, fund: str, book: str, draft: Draft, catalogue: Catalogue) -> PrintPageOut:
        """Answer a voucher's entries of one fund and book."""
        lines = [line for line in draft.lines if (line.fund, line.book) == (fund, book)]
        found = catalogue.fund(fund, draft.book_date)
        debit_fen = sum(line.debit_fen for line in lines)
        return cls(
            fund=fund,
            fund_name=found.name if found else fund,
            book=book,
            book_name=_BOOKS[book],
            lines=[
                PrintLineOut.of(line, draft.summary, draft.book_date, catalogue) for line in lines
            ],
            debit=debit_fen,
            credit=sum(line.credit_fen for line in lines),
            in_words=capital(debit_fen),
        )


class VoucherPrintOut(Out):
    """A voucher to print: number, day, pages, attachments and sender."""

    title: str
    id: str
    number: str = Field(examples=["记字第 3-128 号"])
    book_date: date
    value_date: date | None
    period: str | None
    attachments: int
    references: dict[str, str]
    reverses: str | None
    reversed_by: str | None
    prepared_by: str
    recorded_at: datetime
    hash: str
    pages: list[PrintPageOut]

    @classmethod
    def of(cls, stored: VoucherRecord, catalogue: Catalogue) -> VoucherPrintOut:
        """Answer a posted voucher, named by the chart of its own day."""
        draft = stored.draft
        groups = dict.fromkeys((line.fund, line.book) for line in draft.lines)
        return cls(
            title="记账凭证(红字冲销)" if draft.reverses_seq is not None else "记账凭证",
            id=voucher_id(draft.slot, stored.seq),
            number=f"记字第 {draft.slot}-{stored.seq} 号",
            book_date=draft.book_date,
            value_date=draft.value_date,
            period=draft.period,
            attachments=len(draft.references),
            references=dict(draft.references),
            reverses=_linked(draft.slot, draft.reverses_seq),
            reversed_by=_linked(draft.slot, stored.reversed_by),
            prepared_by=draft.source,
            recorded_at=stored.recorded_at,
            hash=stored.hash.hex(),
            pages=[PrintPageOut.of(fund, book, draft, catalogue) for fund, book in groups],
        )


def _linked(slot: int, seq: int | None) -> str | None:
    return None if seq is None else voucher_id(slot, seq)


def print_sheets(printed: VoucherPrintOut) -> list[Sheet]:
    """Lay the pages out as sheets."""
    notes = [f"{printed.number}　{printed.book_date:%Y年%m月%d日}　附件 {printed.attachments} 张"]
    if printed.reverses:
        notes.append(f"红字冲销 {printed.reverses}")
    if printed.reversed_by:
        notes.append(f"已由 {printed.reversed_by} 冲销")
    sheets = []
    for page in printed.pages:
        rows = [
            Row(
                (
                    line.summary,
                    line.code,
                    line.name,
                    line.district,
                    _fen(line.debit),
                    _fen(line.credit),
                )
            )
            for line in page.lines
        ]
        total = ("合计", "", page.in_words, "", Fen(page.debit), Fen(page.credit))
        papers = "、".join(f"{name}:{value}" for name, value in printed.references.items())
        rows += [
            Row(total, strong=True),
            Row((f"制单:{printed.prepared_by}", "", f"附件:{papers}", "", None, None)),
        ]
        sheets.append(
            Sheet(
                f"voucher-{printed.id}-{page.fund}"[:60],
                printed.title,
                (f"核算单位:{page.fund_name}({page.book_name})", *notes, UNIT_NOTE),
                ("摘要", "科目编码", "科目名称", "分中心", "借方金额", "贷方金额"),
                tuple(rows),
            )
        )
    return sheets


def _fen(amount_fen: int | None) -> Fen | None:
    return None if amount_fen is None else Fen(amount_fen)
