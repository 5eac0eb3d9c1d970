"""Why a line of a bill is as it is: rule, source, and every person's base, rate and amount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from services.console import codes
from services.console.page import Area, FreePage, View
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.paper import show_fields
from services.console.widgets.table import Table, table
from services.console.widgets.title import about, heading, page_title
from services.console.words import t
from shared.roles import Right

_LINE: Final = (
    Column("bill", ("通知单号", "Bill"), Kind.CODE, link="/bills/{bill}"),
    Column("declaration", ("申报", "Declaration"), Kind.CODE, link="/declarations/{declaration}"),
    Column("period", ("费款所属期", "Period")),
    Column("line.insurance", ("险种", "Insurance"), names=codes.INSURANCES),
    Column("line.party", ("缴费方", "Party"), names=codes.PARTIES),
    Column("line.amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
    Column("levied_before", ("此前已核(元)", "Levied before, yuan"), Kind.MONEY),
    Column("levied_now", ("本次核定(元)", "Levied now, yuan"), Kind.MONEY),
    Column("policy", ("政策包", "Policy pack"), Kind.CODE),
)
_RULE: Final = (
    Column("rule", ("规则", "Rule")),
    Column("asked", ("申报工资(元)", "Declared, yuan"), Kind.MONEY),
    Column("floor", ("下限(元)", "Floor, yuan"), Kind.MONEY),
    Column("ceiling", ("上限(元)", "Ceiling, yuan"), Kind.MONEY),
    Column("base", ("缴费基数(元)", "Base, yuan"), Kind.MONEY),
    Column("rate", ("费率", "Rate")),
    Column("product", ("乘积", "Product")),
    Column("rounding", ("舍入", "Rounding")),
    Column("source", ("依据", "Source")),
)
_PERSON: Final = (
    Column("line", ("序号", "Line"), Kind.NUMBER),
    Column("name", ("姓名", "Name")),
    Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
    *_RULE,
    Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
)


async def show(view: View) -> None:
    """Show the explanation of a line: its rules, then its people page by page."""
    bill, line = view.params["bill"], view.params["line"]
    door = f"collection:/v1/bills/{bill}/lines/{line}/explanation"
    page_title(t("金额说明", "Why this amount"))
    found = await attempt(view.api, lambda: view.api.get(door, limit=50))
    if found is None:
        return
    about(
        t(
            "每一步都注明规则、基数、费率和依据;名册合计等于本次核定。",
            "Each step names its rule, base, rate and source; the people add up to what is levied now.",
        )
    )
    show_fields(_LINE, found)
    if found["unit_lines"]:
        heading(t("按单位计算", "Worked out for the unit"))
        table(_RULE, [_named(row, found["sources"]) for row in found["unit_lines"]])
    if found["people"]:
        heading(t("按人计算", "Worked out for each person"))
        people = Table(_PERSON, _rows(found))
        await _offer_more(view, door, people, found.get("next_cursor"))
    if found["credited_by"]:
        heading(t("抵缴的贷项", "Credits"))
        table(
            (
                Column("credit", ("贷项", "Credit"), Kind.CODE),
                Column("period", ("费款所属期", "Period")),
                Column("used_on", ("使用日", "Used on"), Kind.DAY),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
            found["credited_by"],
        )


async def _offer_more(view: View, door: str, people: Table, cursor: str | None) -> None:
    more = ui.button(t("再看 50 人", "50 more")).props("flat dense no-caps")
    more.set_visibility(bool(cursor))
    at = {"cursor": cursor}

    async def fetch() -> None:
        page = await attempt(view.api, lambda: view.api.get(door, limit=50, cursor=at["cursor"]))
        if page is not None:
            people.add(_rows(page))
            at["cursor"] = page.get("next_cursor")
            more.set_visibility(bool(at["cursor"]))

    more.on_click(fetch)


def _rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row for each step of each person; the first carries the person's name and amount."""
    rows: list[dict[str, Any]] = []
    for person in found["people"]:
        of = {name: person[name] for name in ("line", "name", "masked_identity_number", "amount")}
        for at, step in enumerate(person["explain"] or [{}]):
            rows.append({**(of if at == 0 else {}), **_named(step, found["sources"])})
    return rows


def _named(step: Mapping[str, Any], sources: Mapping[str, Any]) -> dict[str, Any]:
    source = sources.get(str(step.get("source")))
    words = source.get("text") if isinstance(source, Mapping) else source
    return {**step, "source": words or step.get("source")}


PAGES: Final = (
    FreePage(
        path="/bills/{bill}/lines/{line}",
        title=("金额说明", "Why this amount"),
        area=Area.WORK,
        rights=(Right.READ_COLLECTION,),
        show=show,
        in_menu=False,
    ),
)
