"""Charts: drawn by ECharts from this machine, with the same figures as a table below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import events, ui

from services.console.style import FONT, SERIES
from services.console.widgets.cell import Column
from services.console.widgets.table import table
from services.console.widgets.title import heading
from services.console.words import t

Option = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
_GRID = {"left": 12, "right": 20, "top": 40, "bottom": 8, "containLabel": True}


def chart_panel(
    title: str,
    option: Option,
    columns: Sequence[Column],
    rows: Rows,
    *,
    on_click: Callable[[int], str | None] | None = None,
    height: int = 260,
) -> None:
    """Show a chart; its figures and their links stand in a table that opens below.

    `on_click` gives the address for the place in the data that was clicked.
    """

    def follow(event: events.EChartPointClickEventArguments) -> None:
        address = on_click(event.data_index) if on_click else None
        if address:
            ui.navigate.to(address)

    with ui.element("section").classes("wx-panel wx-chart-panel"):
        heading(title)
        if not rows:
            ui.label(t("还没有数据。", "No figures yet.")).classes("wx-about")
            return
        drawn = ui.echart(option, on_point_click=follow, renderer="svg")
        drawn.classes("wx-chart").style(f"height: {height}px")
        drawn.props(f'role=img aria-label="{title}"')
        with ui.expansion(t("数字", "Figures")).classes("wx-figures").props("dense"):
            table(columns, rows)


def base(**more: Any) -> Option:
    """Return what all charts have in common."""
    return {
        "color": list(SERIES),
        "textStyle": {"fontFamily": FONT, "color": "#1c2733"},
        "animation": False,
        "grid": _GRID,
        "legend": {"top": 0, "left": 0, "itemWidth": 14, "itemHeight": 8},
        **more,
    }


def lines(days: Sequence[str], series: Mapping[str, Sequence[float]], unit: str) -> Option:
    """Return a chart of values over days."""
    return base(
        tooltip={"trigger": "axis"},
        xAxis={
            "type": "category",
            "data": list(days),
            "boundaryGap": False,
            "axisTick": {"show": False},
        },
        yAxis={"type": "value", "name": unit, "splitLine": {"lineStyle": {"color": "#e6ebf1"}}},
        series=[
            {
                "name": name,
                "type": "line",
                "data": list(values),
                "symbolSize": 5,
                "lineStyle": {"width": 2},
            }
            for name, values in series.items()
        ],
    )


def bars(
    names: Sequence[str], series: Mapping[str, Sequence[float | None]], unit: str, **more: Any
) -> Option:
    """Return a chart of upright bars; `more` goes to the value axis, for instance max=100."""
    axis = {"type": "value", "name": unit, "splitLine": {"lineStyle": {"color": "#e6ebf1"}}, **more}
    return base(
        tooltip={"trigger": "axis", "axisPointer": {"type": "shadow"}},
        xAxis={
            "type": "category",
            "data": list(names),
            "axisTick": {"show": False},
            "axisLabel": {"interval": 0, "width": 130, "lineHeight": 15, "overflow": "break"},
        },
        yAxis=axis,
        legend={"show": len(series) > 1, "top": 0, "left": 0, "itemWidth": 14, "itemHeight": 8},
        series=[
            {
                "name": name,
                "type": "bar",
                "data": list(values),
                "barMaxWidth": 34,
                "itemStyle": {"borderRadius": [3, 3, 0, 0]},
            }
            for name, values in series.items()
        ],
    )
