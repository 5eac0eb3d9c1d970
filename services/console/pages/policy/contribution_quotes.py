"""The calculator of contributions: a person's, and a unit's bill, each amount with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui import ui

from services.console import codes
from services.console.api import Api
from services.console.page import Area, FreePage, View
from services.console.widgets import text
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import (
    Choice,
    Field,
    Input,
    Loaded,
    Money,
    Month,
    Number,
    this_month,
)
from services.console.widgets.form import Answer, Form, build_calculator
from services.console.widgets.table import table_panel
from services.console.widgets.tile import tile
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t, tell
from shared.money import format_yuan, parse_yuan
from shared.process.settings import settings
from shared.roles import Right

DOOR: Final = "collection:/v1/quotes"
HEADS_MAX: Final = 200
"""People of one quote."""
_CLASSES: Final[Mapping[str, Text]] = {
    str(number): (f"{name}类", f"Class {number}")
    for number, name in enumerate("一二三四五六七八", start=1)
}


async def regions(api: Api) -> dict[str, str]:
    """Return the regions of the installation: code → name."""
    found = await api.get("collection:/v1/regions")
    return {row["code"]: row["name"] for row in found["regions"]}


_MONTH: Final = Month(member="on", title=("费款所属期", "Month"), is_needed=True, start=this_month)
_UNIT: Final = (
    _MONTH,
    Loaded(
        member="region",
        title=("统筹区", "Region"),
        load=regions,
        start=lambda: settings().region,
    ),
    Choice(
        member="unit_kind",
        title=("单位类型", "Kind of unit"),
        choices=codes.UNIT_KINDS,
        start="enterprise",
        is_needed=True,
    ),
    Choice(member="injury_class", title=("工伤类别", "Injury class"), choices=_CLASSES, start="1"),
    Choice(member="unit_size", title=("单位规模", "Size of the unit"), choices=codes.UNIT_SIZES),
)
_CATEGORY: Final = Choice(
    member="category",
    title=("参保类别", "Category"),
    choices=codes.CATEGORIES,
    start="employee",
    is_needed=True,
)
_PERSON: Final = (
    _CATEGORY,
    Money(member="wage", title=("月工资", "Monthly wage"), is_needed=True),
    Number(member="age", title=("周岁", "Age")),
    Field(member="base_choice", title=("缴费档次", "Choice of base")),
    Money(member="last_year", title=("上年度月平均工资", "Wage of last year, a month")),
    Money(member="last_month", title=("上月工资", "Wage of last month")),
    Money(member="archive", title=("档案工资", "Wage on file")),
)
_FIGURES: Final = ("last_year", "last_month", "archive")
_OF_UNIT: Final = ("on", "region", "unit_kind", "unit_size")
ACCOUNTS: Final[Mapping[str, Text]] = {
    "pooled": ("统筹", "Pooled"),
    "personal_account": ("个人账户", "Personal account"),
}
_CLAMPS: Final[Mapping[str, Text]] = {
    "floor": ("低于下限,按下限", "below the floor, so the floor"),
    "ceiling": ("高于上限,按上限", "above the ceiling, so the ceiling"),
}
_MODES: Final[Mapping[str, Text]] = {
    "half_up": ("四舍五入到", "rounded half up to"),
    "up": ("进位到", "rounded up to"),
    "down": ("舍去到", "rounded down to"),
}


def _why(line: Mapping[str, Any]) -> str:
    """Return in a sentence how an amount came about."""
    because = line["explain"]
    words = []
    if because["clamp"]:
        limit = text.money(because[because["clamp"]])
        clamp = tell(_CLAMPS[because["clamp"]])
        asked = text.money(because["asked"])
        words.append(t(f"申报 {asked} 元{clamp} {limit} 元", f"{asked} yuan is {clamp}, {limit}"))
    words += because["factors"]
    base, rate = text.money(because["base"]), text.rate(because["rate"])
    words.append(f"{base} × {rate} = {because['product']}")
    unit, _, mode = because["rounding"].partition(" ")
    if mode in _MODES:
        words.append(t(f"{tell(_MODES[mode])} {unit} 元", f"{tell(_MODES[mode])} {unit} yuan"))
    return t("\uff1b", "; ").join(words)


def _source(quote: Mapping[str, Any], line: Mapping[str, Any]) -> str:
    known = quote["sources"].get(line["explain"]["source"])
    if known is None:
        return str(line["explain"]["source"])
    return str(known["text"]) + ("" if known["certain"] else "〔待核〕")


_LINES: Final = (
    Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
    Column("party", ("缴费方", "Party"), names=codes.PARTIES),
    Column("account", ("记入", "Booked in"), names=ACCOUNTS),
    Column("base", ("缴费基数(元)", "Base, yuan"), Kind.MONEY),
    Column("rate", ("费率", "Rate"), Kind.FIGURE, of=lambda row: text.rate(row["rate"])),
    Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
    Column("why", ("怎样算出", "How it came about"), of=_why),
    Column("cited", ("依据", "Source")),
)
SUMS: Final = (
    Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
    Column("unit", ("单位(元)", "Unit, yuan"), Kind.MONEY),
    Column("personal", ("个人(元)", "People, yuan"), Kind.MONEY),
    Column("total", ("合计(元)", "Total, yuan"), Kind.MONEY),
)


def _unit_of(typed: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: typed[name] for name in _OF_UNIT if name in typed}
    if "injury_class" in typed:
        body["injury_class"] = int(typed["injury_class"])
    return body


def show_totals(quote: Mapping[str, Any]) -> None:
    """Show what the unit and its people pay, and by which policy."""
    totals = quote["totals"]
    with ui.element("div").classes("wx-tiles"):
        for title, amount in (
            (t("单位缴", "The unit pays"), totals["unit"]),
            (t("个人缴", "The people pay"), totals["personal"]),
            (t("合计", "Together"), totals["total"]),
        ):
            tile(title, text.money(amount), t("元", "yuan"), None)
    if quote.get("policy"):
        about(t(f"依据政策版本 {quote['policy']}。", f"By the policy {quote['policy']}."))


def show_lines(quote: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """Show lines with the reason of each amount."""
    table_panel(_LINES, [{**line, "cited": _source(quote, line)} for line in lines])


async def show_person(view: View) -> None:
    """Show the calculator of one person's contributions."""
    page_title(t("个人缴费试算", "A person's contributions"))
    about(
        t(
            "与申报同一算法;只试算,不保存。",
            "The same calculation as a declaration's; nothing is stored.",
        )
    )
    await build_calculator(view, (*_UNIT, *_PERSON), DOOR, _show_person, _person_of)


def _person_of(typed: Mapping[str, Any]) -> Mapping[str, Any]:
    person = {"ref": "1", "category": typed["category"], "wages": {"*": typed["wage"]}}
    person |= {name: typed[name] for name in ("age", "base_choice") if name in typed}
    figures = {name: typed[name] for name in _FIGURES if name in typed}
    if figures:
        person["figures"] = figures
    return {**_unit_of(typed), "people": [person]}


def _show_person(quote: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    show_totals(quote)
    heading(t("各险种", "By insurance"))
    show_lines(quote, quote["lines"])


class _Rows:
    """Rows of people alike: category, wage, heads."""

    fields: Final = (
        _CATEGORY,
        Money(member="wage", title=("月工资", "Monthly wage"), is_needed=True),
        Number(member="heads", title=("人数", "Heads"), is_needed=True, start="1"),
    )

    def __init__(self) -> None:
        self.rows: list[list[tuple[Field, Input]]] = []
        self.place = ui.element("div").classes("wx-rows w-full")

    def add(self) -> None:
        """Add a row."""
        with self.place, ui.row().classes("wx-filters"):
            self.rows.append([(field, field.build()) for field in self.fields])

    def people(self) -> list[dict[str, Any]]:
        """Return the people of all rows that have a wage, one by one."""
        found: list[dict[str, Any]] = []
        for row in self.rows:
            values = {field.member: field.read(input) for field, input in row}
            heads = values["heads"]
            if not values["wage"] or not isinstance(heads, int) or heads < 1:
                continue
            person = {"category": values["category"], "wages": {"*": values["wage"]}}
            found += [person] * min(heads, HEADS_MAX + 1 - len(found))
        return [{"ref": str(number), **person} for number, person in enumerate(found, start=1)]


async def show_unit(view: View) -> None:
    """Show the calculator of a unit's bill of a month."""
    page_title(t("单位应缴试算", "A unit's bill"))
    about(
        t(
            f"按同类人员填行,至多 {HEADS_MAX} 人;只试算,不保存。",
            f"A row for people alike, {HEADS_MAX} people at most; nothing is stored.",
        )
    )
    form, answer = Form(view, _UNIT), Answer(view)

    async def ask() -> None:
        typed, people = form.typed(), rows.people()
        if typed is None:
            return
        if not 1 <= len(people) <= HEADS_MAX:
            ui.notify(
                t(f"请填写 1 至 {HEADS_MAX} 人", f"Fill in 1 to {HEADS_MAX} people"),
                type="warning",
            )
            return
        quote = await answer.fetch(DOOR, {**_unit_of(typed), "people": people})
        if quote is not None:
            with answer.place:
                _show_bill(quote, len(people))

    with ui.element("div").classes("wx-panel wx-form-panel"):
        with ui.element("div").classes("wx-form-grid"):
            await form.build()
        rows = _Rows()
        rows.add()
        with ui.row():
            ui.button(t("再加一行", "One more row"), icon="add", on_click=rows.add).props(
                "outline no-caps"
            )
            answer.build(t("试算", "Calculate"), ask)
    answer.build_place()


def _show_bill(quote: Mapping[str, Any], heads: int) -> None:
    show_totals(quote)
    heading(t(f"{heads:,} 人各险种", f"{heads:,} people by insurance"))
    table_panel(SUMS, sums_of(quote["lines"]))
    first: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for line in quote["lines"]:
        alike = line["explain"]["rule"], line["amount"], line["account"]
        first.setdefault(alike, line)
    heading(t("怎样算出", "How it came about"))
    show_lines(quote, list(first.values()))


def sums_of(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Add up the lines of a quote by insurance and party."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: {"unit": 0, "personal": 0})
    for line in lines:
        sums[line["insurance"]][line["party"]] += parse_yuan(line["amount"])
    return [
        {
            "insurance": insurance,
            **{party: format_yuan(fen) for party, fen in of.items()},
            "total": format_yuan(sum(of.values())),
        }
        for insurance, of in sums.items()
    ]


PAGES: Final = (
    FreePage(
        path="/quote-person",
        title=("个人缴费试算", "A person's contributions"),
        area=Area.POLICY,
        order=24,
        rights=(Right.QUOTE,),
        show=show_person,
    ),
    FreePage(
        path="/quote-unit",
        title=("单位应缴试算", "A unit's bill"),
        area=Area.POLICY,
        order=25,
        rights=(Right.QUOTE,),
        show=show_unit,
    ),
)
