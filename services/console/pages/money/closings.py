"""Closings: what is open and where, the three totals, the proposal and its approval."""

from __future__ import annotations

import asyncio
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nicegui import ui

from services.console.page import Area, FreePage, View, link
from services.console.widgets.action import Action, action_button
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.field import Choice
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.widgets.table import table
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t
from shared import clock
from shared.money import format_yuan
from shared.roles import Right
from shared.wire.closing import merged
from shared.wire.three_totals import three_totals

LEVELS: Final[Mapping[str, Text]] = {
    "day": ("日结", "Day"),
    "month": ("月结", "Month"),
    "year": ("年结", "Year"),
}
ACTIONS: Final[Mapping[str, Text]] = {
    "close": ("结账", "Close"),
    "reopen": ("反结账", "Reopen"),
}
STATUSES: Final[Mapping[str, Text]] = {
    "proposed": ("待核准", "Proposed"),
    "done": ("已结账", "Done"),
}
ITEMS: Final[Mapping[str, Text]] = {
    "levied": ("应收", "Levied"),
    "collected": ("实收", "Collected"),
    "suspense": ("暂收款", "Suspense"),
    "personal": ("个人账户", "Personal accounts"),
    "benefits": ("待遇支出", "Benefits"),
}
_TOTALS: Final = (
    Column("fund", ("基金", "Fund"), Kind.FUND),
    Column("item", ("项目", "Item"), names=ITEMS),
    Column("when", ("时段", "When")),
    Column("business", ("业务(元)", "Business, yuan"), Kind.MONEY),
    Column("books", ("账簿(元)", "Books, yuan"), Kind.MONEY),
    Column("statistics", ("统计(元)", "Statistics, yuan"), Kind.MONEY),
    Column("apart", ("差额(元)", "Difference, yuan"), Kind.MONEY),
)
_FIELDS: Final = (
    Column("level", ("级别", "Level"), names=LEVELS),
    Column("period", ("期间", "Period")),
    Column("action", ("动作", "Action"), names=ACTIONS),
    Column("day", ("截至", "Day"), Kind.DAY),
    Column("proposed_by", ("提出", "Proposed by")),
    Column("approved_by", ("核准", "Approved by")),
)


@dataclass(frozen=True, slots=True)
class OpenWork:
    """A kind of work that stands against a closing: how much of it is open, and its list."""

    title: Text
    door: str
    params: Mapping[str, Any]
    address: str
    right: Right


def works_of(month: str) -> Sequence[OpenWork]:
    """Return the kinds of work that are looked at before a month is closed."""
    collection, payout = Right.READ_COLLECTION, Right.READ_PAYOUT
    return (
        OpenWork(
            ("未处理的对账差异", "Reconciliation items"),
            "collection:/v1/reconciliation-items",
            {"unfinished": True},
            link("/reconciliation-items", status="open"),
            collection,
        ),
        OpenWork(
            ("被拒消息(征缴)", "Refused messages of collection"),
            "collection:/v1/refused-messages",
            {},
            "/refused-messages/collection",
            collection,
        ),
        OpenWork(
            ("被拒消息(支付)", "Refused messages of payout"),
            "payout:/v1/refused-messages",
            {},
            "/refused-messages/payout",
            payout,
        ),
        OpenWork(
            ("待回执的扣款批次", "Debit batches without all results"),
            "collection:/v1/debit-batches",
            {"status": "created"},
            link("/debit-batches", status="created"),
            collection,
        ),
        OpenWork(
            ("待批准的退费", "Refunds to decide"),
            "collection:/v1/refunds",
            {"status": "requested"},
            link("/refunds", status="requested"),
            collection,
        ),
        OpenWork(
            ("待重付的待遇", "Payments to make again"),
            "payout:/v1/failed-payments",
            {},
            "/failed-payments",
            payout,
        ),
        OpenWork(
            ("未认领的暂收款", "Receipts in suspense"),
            "collection:/v1/suspense-ageing/receipts",
            {},
            "/suspense",
            collection,
        ),
    )


async def show_check(view: View) -> None:
    """Show what stands against closing a month, and propose the closing."""
    month = view.query.get("period") or str(clock.today())[:7]
    with ui.row().classes("wx-title-row"):
        page_title(t("结账检查", "Closing check"))
        chosen = ui.input(t("月份", "Month"), value=month).props("outlined dense type=month")
        ui.button(
            t("查看", "Show"),
            on_click=lambda: ui.navigate.to(link("/closing-check", period=chosen.value)),
        ).props("outline no-caps")
    about(
        t(
            "先清理未结事项,再核对三数,然后提出月结,由另一人核准。",
            "Finish what is open, compare the three totals, propose; another person approves.",
        )
    )
    heading(t("未结事项", "Open work"))
    works = [work for work in works_of(month) if view.may(work.right)]
    counts = await asyncio.gather(*(_count(view, work) for work in works))
    for work, count in zip(works, counts, strict=True):
        with ui.row().classes("items-center gap-2"):
            icon, colour = ("check_circle", "positive") if count == "0" else ("error", "warning")
            ui.icon(icon, color=colour).props("aria-hidden=true")
            ui.link(f"{t(*work.title)}:{count}", work.address).classes("wx-link")
    await _show_totals(view, month)


async def _count(view: View, work: OpenWork) -> str:
    found = await attempt(view.api, lambda: view.api.get(work.door, limit=200, **work.params))
    if found is None:
        return "?"
    return f"{len(found['items'])}{'+' if found.get('next_cursor') else ''}"


async def _show_totals(view: View, month: str) -> None:
    year, number = int(month[:4]), int(month[5:7])
    day = f"{month}-{monthrange(year, number)[1]:02}"
    api = view.api
    parts = await attempt(
        api,
        lambda: asyncio.gather(
            api.get("collection:/v1/closing-control", as_of=day),
            api.get("payout:/v1/closing-control", as_of=day),
            api.get("ledger:/v1/closing-totals", as_of=day),
        ),
    )
    if parts is None:
        return
    collection, payout, books = parts
    control = merged(collection, payout)
    totals = [one for one in three_totals(control["funds"], books) if one.is_reported]
    apart = sum(1 for one in totals if one.apart_fen)
    with ui.row().classes("wx-title-row"):
        heading(t("业务、账簿、统计三数核对", "Business, books and statistics"))
        ui.space()
        for one in _proposals(month, day, control, len(totals), apart):
            if one.is_open(view, {}):
                action_button(view, one, {}, _stay)
    table(
        _TOTALS,
        [
            {
                "fund": one.fund,
                "item": one.item,
                "when": t("月初", "Opening") if one.is_opening else t("本月", "Month"),
                **dict(
                    zip(
                        ("business", "books", "statistics"), map(format_yuan, one.sums), strict=True
                    )
                ),
                "apart": format_yuan(one.apart_fen),
            }
            for one in totals
        ],
    )


def _proposals(
    month: str, day: str, control: Mapping[str, Any], count: int, apart: int
) -> tuple[Action, Action]:
    """Return the two steps: the month's last day is closed first, then the month."""
    propose = Action(
        title=("提出月结", "Propose to close the month"),
        door="ledger:/v1/closings",
        right=Right.PROPOSE_CLOSING,
        body=lambda _: {"level": "month", "period": month, "control": control},
        confirm=(
            f"提出 {month} 月结:三数 {count} 项,不符 {apart} 项。",
            f"Propose to close {month}: {count} totals, {apart} differ.",
        ),
        done=("已提出,待另一人核准", "Proposed; another person approves"),
        after=lambda answer: f"/closings/{answer['id']}",
    )
    last_day = replace(
        propose,
        title=("提出末日日结", "Propose to close the last day"),
        body=lambda _: {"level": "day", "period": day, "control": control},
        confirm=(
            f"提出 {day} 日结:三数 {count} 项,不符 {apart} 项。月结须先结末日。",
            f"Propose to close {day}: {count} totals, {apart} differ. It comes before the month.",
        ),
    )
    return last_day, propose


async def _stay() -> None:
    """Leave the page as it is: the proposal leads on to its paper."""


LIST: Final = ListPage(
    path="/closings",
    title=("结账", "Closings"),
    area=Area.MONEY,
    order=130,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/closings",
    filters=(Choice(member="level", title=("级别", "Level"), choices=LEVELS),),
    columns=(
        Column("id", ("结账单", "Closing"), Kind.CODE, link="/closings/{id}"),
        *_FIELDS,
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
)
PAPER: Final = PaperPage(
    path="/closings/{id}",
    title=("结账单", "Closing"),
    area=Area.MONEY,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/closings/{id}",
    trail="ledger:/v1/closings/{id}/trail",
    fields=(
        Column("id", ("结账单", "Closing"), Kind.CODE),
        Column("status", ("状态", "Status"), names=STATUSES),
        *_FIELDS,
        Column("closed_before", ("此前结至", "Closed before"), Kind.DAY),
        Column("closed_until", ("结账至", "Closed until"), Kind.DAY),
        Column("reason", ("理由", "Reason")),
    ),
    status=None,
    parts=(
        Part(
            title=("账链末端", "Heads of the chains"),
            member="heads",
            columns=(
                Column("slot", ("账链", "Chain"), Kind.NUMBER),
                Column("seq", ("凭证数", "Vouchers"), Kind.NUMBER),
                Column("hash", ("哈希", "Hash"), Kind.CODE),
            ),
        ),
    ),
    actions=(
        Action(
            title=("核准", "Approve"),
            door="ledger:/v1/closings/{id}/approvals",
            right=Right.APPROVE_CLOSING,
            when=lambda paper: paper["status"] == "proposed",
            confirm=("核准 {period} 结账,截至 {day}。", "Approve the closing of {period}, {day}."),
            done=("已结账", "Closed"),
        ),
    ),
)

PAGES: Final = (
    FreePage(
        path="/closing-check",
        title=("结账检查", "Closing check"),
        area=Area.MONEY,
        order=120,
        rights=(Right.PROPOSE_CLOSING, Right.APPROVE_CLOSING, Right.READ_LEDGER),
        show=show_check,
    ),
    LIST,
    PAPER,
)
