"""Dashboard (看板): how the funds, the collection and the work stand; every figure leads to papers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from nicegui import ui

from services.console import names
from services.console.page import Area, FreePage, View, link
from services.console.pages.home import figures
from services.console.pages.home.figures import Span
from services.console.widgets import text
from services.console.widgets.cell import Column, Kind
from services.console.widgets.chart import bars, chart_panel, lines
from services.console.widgets.fault import attempt
from services.console.widgets.table import table
from services.console.widgets.tile import tile
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, side_of, t, tell
from shared import clock
from shared.money import format_yuan, parse_yuan
from shared.roles import Right

REFRESH_SECONDS: Final = 30.0
MEASURES: Final[Mapping[str, Text]] = {
    "collection_rate": ("征缴率", "Collection rate"),
    "arrival_rate": ("到账率", "Arrival rate"),
    "months_of_capacity": ("可支付月数", "Months of capacity"),
    "accumulated": ("累计结余", "Accumulated"),
    "suspense": ("暂收款", "Suspense"),
}
_FUND: Final = Column("name", ("基金", "Fund"))


async def show(view: View) -> None:
    """Show the dashboard, and draw it anew every half minute."""
    with ui.row().classes("wx-title-row"):
        page_title(t("看板", "Dashboard"))
        as_of = about("")
        ui.space()
        ui.link(t("大屏", "Wall screen"), "/wall").classes("wx-link")
    board = ui.element("div").classes("wx-board")

    async def draw() -> None:
        if view.session.is_idle():
            as_of.set_text(
                t("长时间无操作,已停止刷新", "Nobody has acted for long: no longer drawn anew")
            )
            return
        span = Span(clock.today())
        parts = await attempt(view.api, lambda: _ask(view, span))
        if parts is None:
            return
        board.clear()
        with board:
            _build(view, span, parts)
        now = text.moment(clock.now().isoformat())[11:]
        as_of.set_text(t(f"截至 {span.today}  {now} 刷新", f"As of {span.today}, drawn at {now}"))

    await draw()
    ui.timer(REFRESH_SECONDS, draw, immediate=False)


async def _ask(view: View, span: Span) -> dict[str, Any]:
    """Ask for all figures at once; what a role may not read stays None."""
    api, day = view.api, span.today.isoformat()
    questions = {
        "balances": figures.balances(api, span),
        "rates": figures.rates_by_district(api, span),
        "capacity": figures.answer(api, "ledger:/v1/measures/capacity", as_of=day),
        "warnings": figures.answer(api, "ledger:/v1/warnings", as_of=day),
        "suspense": figures.answer(api, "ledger:/v1/suspense", as_of=day, limit=500),
        "debits": figures.answer(
            api, "collection:/v1/debit-success", from_=span.points[0].isoformat(), to=day, by="bank"
        ),
        "declarations": figures.declarations(api, span),
    }
    answers = await asyncio.gather(*questions.values())
    return dict(zip(questions, answers, strict=True))


def _build(view: View, span: Span, parts: Mapping[str, Any]) -> None:
    _tiles(span, parts)
    with ui.element("div").classes("wx-charts"):
        balance_chart(span, parts["balances"])
        rate_chart(parts["rates"], span)
        capacity_chart(parts["capacity"])
        if parts["debits"] is not None:
            _debit_chart(parts["debits"]["items"], span)
        if parts["suspense"] is not None:
            _suspense_chart(parts["suspense"]["items"], span)
        _declaration_chart(parts["declarations"])
    warning_table(parts["warnings"])


def _tiles(span: Span, parts: Mapping[str, Any]) -> None:
    city: Mapping[str, Any] = next((row for row in parts["rates"] if row["district"] is None), {})
    total = sum(parse_yuan(row["amount"]) for row in parts["balances"])
    open_items = (parts["suspense"] or {}).get("items", [])
    suspense = sum(parse_yuan(one["amount"]) for one in open_items)
    waiting = sum(
        row["count"] for row in parts["declarations"] if row["state"] in {"submitted", "accepted"}
    )
    warnings = (parts["warnings"] or {}).get("items", [])
    with ui.element("div").classes("wx-tiles wx-tiles-wide"):
        tile(
            t("基金存款合计(元)", "Money of all funds, yuan"),
            text.money(format_yuan(total)),
            t(f"{len(parts['balances'])} 个基金", f"{len(parts['balances'])} funds"),
            "/balances",
        )
        for measure in ("collection_rate", "arrival_rate"):
            of = f"{text.money(city.get('collected'))} / {text.money(city.get('levied'))}"
            tile(
                t(f"{span.period} ", f"{span.period} ") + tell(MEASURES[measure]),
                text.percent(city.get(measure)),
                of if measure == "collection_rate" else t("收入 ÷ 应征", "income ÷ levied"),
                link("/bills", period=span.period),
            )
        tile(
            t("暂收款(元)", "Suspense, yuan"),
            text.money(format_yuan(suspense)),
            t(f"{len(open_items)} 笔待认领", f"{len(open_items)} without an owner"),
            link("/receipts", status="suspended"),
        )
        tile(
            t("申报待办", "Declarations waiting"),
            text.number(waiting),
            t("待受理和待复核", "to accept and to review"),
            link("/declarations", status="submitted"),
        )
        tile(
            t("预警", "Warnings"),
            text.number(len(warnings)),
            t("低于或超过阈值", "beyond a threshold"),
            "#warnings",
        )


def balance_chart(span: Span, funds: Sequence[Mapping[str, Any]], height: int = 280) -> None:
    """Show the money of each fund over two months."""
    days = [f"{day:%m-%d}" for day in span.points]
    chart_panel(
        t("基金存款(元)", "Money of the funds, yuan"),
        lines(days, {_short(row["name"]): [fen // 100 for fen in row["fen"]] for row in funds}, ""),
        (
            Column(
                "name", ("基金", "Fund"), address=lambda row: link("/balances", fund=row["fund"])
            ),
            Column("amount", ("今日存款(元)", "Today, yuan"), Kind.MONEY),
        ),
        funds,
        on_click=lambda _: "/balances",
        height=height,
    )


def rate_chart(rows: Sequence[Mapping[str, Any]], span: Span, height: int = 280) -> None:
    """Show collection and arrival rate by district."""
    named = [
        {
            **row,
            "place": names.district_name(row["district"]) if row["district"] else t("全市", "City"),
        }
        for row in rows
    ]

    def papers(row: Mapping[str, Any]) -> str:
        return link("/bills", period=span.period, district=row["district"])

    chart_panel(
        t(f"{span.period} 征缴率与到账率(%)", f"Collection and arrival rate of {span.period}, %"),
        bars(
            [row["place"] for row in named],
            {
                tell(MEASURES[measure]): [_percent_of(row[measure]) for row in named]
                for measure in ("collection_rate", "arrival_rate")
            },
            "",
            max=100,
        ),
        (
            Column("place", ("分中心", "District"), address=papers),
            Column("collected", ("实征(元)", "Collected, yuan"), Kind.MONEY),
            Column("levied", ("应征(元)", "Levied, yuan"), Kind.MONEY),
            Column("collection_rate", MEASURES["collection_rate"], Kind.PERCENT),
            Column("arrival_rate", MEASURES["arrival_rate"], Kind.PERCENT),
        ),
        named,
        on_click=lambda place: papers(named[place]),
        height=height,
    )


def capacity_chart(page: Mapping[str, Any] | None, height: int = 280) -> None:
    """Show for how many months each fund could pay."""
    rows = [row for row in (page or {}).get("funds", ()) if row["months"] is not None]
    chart_panel(
        t("基金可支付月数", "Months of capacity"),
        bars(
            [_short(row["name"]) for row in rows],
            {"": [_tenths_of(row["months"]) for row in rows]},
            "",
        ),
        (
            _FUND,
            Column("months", MEASURES["months_of_capacity"], Kind.NUMBER),
            Column("accumulated", ("累计结余(元)", "Accumulated, yuan"), Kind.MONEY),
            Column("year_payout", ("十二个月支出(元)", "Paid in twelve months, yuan"), Kind.MONEY),
        ),
        rows,
        on_click=lambda place: link("/balances", fund=rows[place]["fund"]),
        height=height,
    )


def _debit_chart(rows: Sequence[Mapping[str, Any]], span: Span) -> None:
    def papers(row: Mapping[str, Any]) -> str:
        return link(
            "/debit-lines",
            from_=span.points[0].isoformat(),
            to=span.today.isoformat(),
            bank=row["key"],
        )

    chart_panel(
        t("托收成功率(%),按银行", "Debit success by bank, %"),
        bars(
            [row["key"] for row in rows],
            {"": [_percent_of(row["rate"]) for row in rows]},
            "",
            max=100,
        ),
        (
            Column("key", ("银行", "Bank"), address=papers),
            Column("lines", ("笔数", "Lines"), Kind.NUMBER),
            Column("settled", ("成功", "Settled"), Kind.NUMBER),
            Column("refused", ("拒付", "Refused"), Kind.NUMBER),
            Column("returned", ("退回", "Returned"), Kind.NUMBER),
            Column("rate", ("成功率", "Rate"), Kind.PERCENT),
        ),
        rows,
        on_click=lambda place: papers(rows[place]),
    )


def _suspense_chart(items: Sequence[Mapping[str, Any]], span: Span) -> None:
    rows = figures.age_classes(items, span.today) if items else []
    chart_panel(
        t("暂收款账龄(天 / 元)", "Age of suspense, days / yuan"),
        bars([row["age"] for row in rows], {"": [row["fen"] // 100 for row in rows]}, ""),
        (
            Column(
                "age",
                ("账龄(天)", "Age, days"),
                address=lambda _: link("/receipts", status="suspended"),
            ),
            Column("count", ("笔数", "Receipts"), Kind.NUMBER),
            Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
        ),
        rows,
        on_click=lambda _: link("/receipts", status="suspended"),
    )


def _declaration_chart(rows: Sequence[Mapping[str, Any]]) -> None:
    period = rows[0]["period"] if rows else ""
    named = [{**row, "name": names.status_name(row["state"])} for row in rows]

    def papers(row: Mapping[str, Any]) -> str:
        return link("/declarations", period=row["period"], status=row["state"])

    chart_panel(
        t(f"{period} 申报,按状态(份)", f"Declarations of {period} by state"),
        bars([row["name"] for row in named], {"": [row["count"] for row in named]}, ""),
        (
            Column("name", ("状态", "State"), address=papers),
            Column("count", ("份数", "Declarations"), Kind.NUMBER),
            Column("more", ("另有更多", "And more"), Kind.YES),
        ),
        named,
        on_click=lambda place: papers(named[place]),
    )


def warning_table(page: Mapping[str, Any] | None) -> None:
    """Show what is beyond its threshold."""
    rows = (page or {}).get("items", [])
    heading(t("预警", "Warnings")).props("id=warnings")
    with ui.element("div").classes("wx-panel w-full"):
        table(
            (
                _FUND,
                Column("measure", ("指标", "Measure"), names=MEASURES),
                Column("value", ("现值", "Value"), of=lambda row: _value_of(row, row["value"])),
                Column(
                    "threshold",
                    ("阈值", "Threshold"),
                    of=lambda row: _value_of(row, row["threshold"]["value"]),
                ),
                Column("severity", ("级别", "Severity"), names=SEVERITIES),
            ),
            rows,
        )


SEVERITIES: Final[Mapping[str, Text]] = {
    "notice": ("提示", "Notice"),
    "warning": ("预警", "Warning"),
    "alarm": ("警报", "Alarm"),
    "critical": ("严重", "Critical"),
}


def _value_of(row: Mapping[str, Any], value: str) -> str:
    if row["measure"] in {"collection_rate", "arrival_rate"}:
        return text.percent(value)
    return text.number(value) if row["measure"] == "months_of_capacity" else text.money(value)


def _percent_of(share: str | None) -> float | None:
    """Return a share as a height to draw, in percent."""
    return None if share is None else float(round(Decimal(share) * 100, 1))


def _tenths_of(months: str) -> float:
    """Return months as a height to draw."""
    return float(round(Decimal(months), 1))


def _short(name: str) -> str:
    """Return a fund's name for the axis: 基金 is said by the title."""
    return side_of(name).removesuffix("基金").removesuffix("资金")


PAGES: Final = (
    FreePage(
        path="/dashboard",
        title=("看板", "Dashboard"),
        area=Area.HOME,
        show=show,
        rights=(Right.READ_LEDGER,),
        order=2,
    ),
)
