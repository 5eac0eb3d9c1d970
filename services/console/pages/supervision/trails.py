"""Supervision: the search over all trails, data quality, monthly scores, warnings of the funds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from services.console import codes
from services.console.page import Area, FreePage, View, link
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.field import Day, District, Field
from services.console.widgets.listing import ListPage
from services.console.widgets.table import table
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t
from shared import clock
from shared.roles import Right

MEASURES: Final[Mapping[str, Text]] = {
    "collection_rate": ("征缴率", "Collection rate"),
    "arrival_rate": ("到账率", "Arrival rate"),
    "months_of_capacity": ("可支付月数", "Months of capacity"),
    "accumulated": ("累计结余", "Accumulated"),
    "suspense": ("暂收款", "Suspense"),
}
SEVERITIES: Final[Mapping[str, Text]] = {
    "notice": ("提示", "Notice"),
    "warning": ("预警", "Warning"),
    "alarm": ("警报", "Alarm"),
}
_SCORES: Final = (
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("due", ("应收(元)", "Due, yuan"), Kind.MONEY),
    Column("arrived", ("到账(元)", "Arrived, yuan"), Kind.MONEY),
    Column("arrival_rate", ("到账率", "Arrival rate"), Kind.PERCENT),
    Column("summaries", ("汇总表", "Summaries"), Kind.NUMBER),
    Column("timeliness_rate", ("及时率", "Timeliness"), Kind.PERCENT),
    Column("receipts", ("到账笔数", "Receipts"), Kind.NUMBER),
    Column("accuracy_rate", ("准确率", "Accuracy"), Kind.PERCENT),
)

TRAILS: Final = ListPage(
    path="/trail",
    title=("办理轨迹", "Trails"),
    area=Area.SUPERVISION,
    order=10,
    rights=(Right.READ_TRAIL,),
    door="collection:/v1/trail",
    filters=(
        Field(member="person", title=("经办人", "Person")),
        Field(member="paper", title=("单据", "Paper")),
        Field(member="step", title=("步骤", "Step")),
        Day(member="from", title=("自", "From")),
        Day(member="to", title=("至", "To")),
        District(),
    ),
    columns=(
        Column("at", ("时间", "Time"), Kind.TIME),
        Column("person", ("经办人", "Person")),
        Column("role", ("角色", "Role"), Kind.ROLE),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("paper", ("单据", "Paper")),
        Column("id", ("编号", "Reference"), Kind.CODE),
        Column("step", ("步骤", "Step"), names=codes.STEPS),
        Column("signs", ("签字", "Signs"), Kind.YES),
        Column("why", ("理由", "Reason")),
    ),
)


def _month_input(view: View, path: str) -> str:
    """Show the choice of a month; return the one that is chosen."""
    period = view.query.get("period") or str(clock.today())[:7]
    chosen = ui.input(t("月份", "Month"), value=period).props("outlined dense type=month")
    ui.button(
        t("查看", "Show"), on_click=lambda: ui.navigate.to(link(path, period=chosen.value))
    ).props("outline no-caps")
    return period


async def show_scores(view: View) -> None:
    """Show the districts' scores of a month (月考核)."""
    with ui.row().classes("wx-title-row"):
        page_title(t("月考核", "Monthly scores"))
        ui.space()
        period = _month_input(view, "/scores")
    found = await attempt(
        view.api, lambda: view.api.get("collection:/v1/district-scores", period=period)
    )
    if found is None:
        return
    whole = {**found["whole"], "district": None}
    table(_SCORES, [*found["districts"], whole])


async def show_quality(view: View) -> None:
    """Show what the checks of data quality find in a month."""
    with ui.row().classes("wx-title-row"):
        page_title(t("数据质量", "Data quality"))
        ui.space()
        period = _month_input(view, "/quality")
    found = await attempt(
        view.api, lambda: view.api.get("collection:/v1/quality/report", period=period)
    )
    if found is None:
        return
    rows: list[dict[str, Any]] = found["whole"]["findings"]
    wrong = sum(1 for row in rows if row["found"])
    about(
        t(f"{len(rows)} 项检查,{wrong} 项有发现。", f"{len(rows)} checks, {wrong} found something.")
    )
    heading(t("检查结果", "Findings"))
    table(
        (
            Column("title", ("检查", "Check")),
            Column("found", ("发现", "Found"), Kind.NUMBER),
            Column("of", ("检查数", "Of"), Kind.NUMBER),
            Column("rate", ("比率", "Rate"), Kind.PERCENT),
            Column("source", ("依据", "Source")),
        ),
        rows,
    )


WARNINGS: Final = ListPage(
    path="/warnings",
    title=("基金预警", "Warnings"),
    area=Area.SUPERVISION,
    order=40,
    rights=(Right.READ_LEDGER, Right.READ_BALANCES),
    door="ledger:/v1/warnings",
    is_paged=False,
    filters=(Day(member="as_of", title=("截至", "As of")),),
    columns=(
        Column("fund", ("基金", "Fund"), Kind.FUND),
        Column("measure", ("指标", "Measure"), names=MEASURES),
        Column("severity", ("级别", "Severity"), names=SEVERITIES),
        Column("value", ("实际", "Value")),
        Column("threshold.value", ("阈值", "Threshold")),
        Column("threshold.source", ("依据", "Source")),
    ),
)

PAGES: Final = (
    TRAILS,
    FreePage(
        path="/scores",
        title=("月考核", "Monthly scores"),
        area=Area.SUPERVISION,
        order=20,
        rights=(Right.READ_COLLECTION,),
        show=show_scores,
    ),
    FreePage(
        path="/quality",
        title=("数据质量", "Data quality"),
        area=Area.SUPERVISION,
        order=30,
        rights=(Right.READ_COLLECTION,),
        show=show_quality,
    ),
    WARNINGS,
)
