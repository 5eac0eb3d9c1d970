"""The chains of the books, verified on the screen: heads, anchors of a day, personal accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from nicegui import ui

from services.console.page import Area, FreePage, View, link
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.table import table
from services.console.widgets.title import about, heading, page_title
from services.console.words import t
from shared import clock
from shared.roles import Right

_HEADS: Final = (
    Column("slot", ("账链", "Chain"), Kind.NUMBER),
    Column("seq", ("凭证数", "Vouchers"), Kind.NUMBER),
    Column("hash", ("末端哈希", "Head's hash"), Kind.CODE),
)
_ANCHORS: Final = (*_HEADS, Column("recorded_at", ("记录时间", "Recorded at"), Kind.TIME))
_CONTROL: Final = (
    Column("fund", ("基金", "Fund"), Kind.FUND),
    Column("credited", ("个人账户合计(元)", "Personal accounts, yuan"), Kind.MONEY),
    Column("uncredited", ("待划入(元)", "Not credited yet, yuan"), Kind.MONEY),
    Column("ledger", ("总账(元)", "General ledger, yuan"), Kind.MONEY),
    Column("holds", ("相符", "Tie"), Kind.YES),
)


async def show(view: View) -> None:
    """Show the proofs that a person can read, and how to verify every hash."""
    day = view.query.get("day") or str(clock.today() - timedelta(days=1))
    with ui.row().classes("wx-title-row"):
        page_title(t("账链与核验", "Chains and proofs"))
        ui.space()
        of_day = ui.input(t("锚点日", "Day"), value=day).props("outlined dense type=date")
        ui.button(
            t("查看", "Show"),
            on_click=lambda: ui.navigate.to(link("/chain", day=of_day.value)),
        ).props("outline no-caps")
    about(
        t(
            "每张凭证的哈希包含前一张的哈希。全部重算用 wuxian ledger verify;导出文件可由任何人独立核验。",
            "Every voucher's hash contains the one before. `wuxian ledger verify` computes all anew; an"
            " export can be verified by anybody.",
        )
    )
    heads = await attempt(view.api, lambda: view.api.get("ledger:/v1/chain"))
    if heads is not None:
        heading(t("账链末端", "Heads"))
        table(_HEADS, heads["items"])
    anchors = await attempt(view.api, lambda: view.api.get("ledger:/v1/chain/anchors", day=day))
    if anchors is not None:
        heading(t(f"{day} 日终锚点", f"Anchors at the end of {day}"))
        table(_ANCHORS, anchors["items"])
    control = await attempt(view.api, lambda: view.api.get("ledger:/v1/personal-control"))
    if control is not None:
        heading(t("个人账户总分核对", "Personal accounts against the general ledger"))
        table(_CONTROL, control["items"])


PAGES: Final = (
    FreePage(
        path="/chain",
        title=("账链与核验", "Chains and proofs"),
        area=Area.BOOKS,
        order=90,
        rights=(Right.READ_LEDGER,),
        show=show,
    ),
)
