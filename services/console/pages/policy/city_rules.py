"""The city's own rules: their rows, a row changed by one person, the document approved by another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from nicegui import ui

from services.console import codes
from services.console.page import Area, FreePage, View, link
from services.console.pages.policy.city_documents import (
    ROWS,
    RULES,
    RowsOfRule,
    limit_field,
    limit_read,
    limit_text,
)
from services.console.widgets.action import Action, action_button, stay
from services.console.widgets.cell import Column, Kind, member_of
from services.console.widgets.fault import attempt
from services.console.widgets.field import Field, Note
from services.console.widgets.form import Form
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import show_fields
from services.console.widgets.rules import row_decisions
from services.console.widgets.table import table_panel
from services.console.widgets.title import about, heading, page_title
from services.console.words import t, tell
from shared.roles import Right

Row = Mapping[str, Any]
Content = Mapping[str, Any]
_DOOR: Final = "collection:/v1/city-rules"
_FILED: Final = (
    Column("rule", ("规则", "Rule"), names=RULES),
    Column("reason", ("理由", "Reason")),
    Column("filed_by", ("提出", "Filed by")),
    Column("status", ("状态", "Status"), Kind.STATUS),
)
_VERSION: Final = (
    Column("version", ("版本", "Version"), Kind.NUMBER),
    Column("reason", ("理由", "Reason")),
    Column("set_by", ("订正", "Set by"), names=codes.AUTHORS),
    Column("set_at", ("时间", "At"), Kind.TIME),
)
_CHANGE: Final = (
    Column("row", ("行", "Row")),
    Column("member", ("内容", "Value")),
    Column("was", ("现为", "Now")),
    Column("becomes", ("改为", "Becomes")),
)
_NEW: Final = ("新增一行", "New row")
LIMIT: Final = "limits."
"""The beginning of a field's member that is a limit."""
_DECISIONS: Final = row_decisions(
    "collection:/v1/city-rule-corrections/{id}",
    Right.APPROVE_CORRECTION,
    ("{title}改动 {count} 处,批准后立即执行", "{count} values of {title}, in force at once"),
)
_FILE: Final = Action(
    title=("提出", "Propose"),
    door=_DOOR,
    right=Right.PROPOSE_CORRECTION,
    fields=(Note(member="reason", title=("理由", "Reason"), is_needed=True),),
    body=lambda paper: paper["document"],
    confirm=(
        "{title}改动 {count} 处;另一人批准后立即执行。",
        "{count} values of {title} change; in force at once when another person approves.",
    ),
    done=("已提出,待另一人批准", "Filed; another person approves"),
    after=lambda answer: f"/city-rules/{answer['rule']}",
)


def _rows_of(rule: Row) -> int:
    return max(len(rule["content"][rows.member]) for rows in ROWS[rule["rule"]])


def differences(rule: str, was: Content, becomes: Content) -> list[dict[str, str]]:
    """Return every value that differs between two contents of a document, as people read it."""
    found = [
        change
        for rows in ROWS[rule]
        for change in _row_changes(rows, was[rows.member], becomes[rows.member])
    ]
    listed = {rows.member for rows in ROWS[rule]}
    for member in sorted((was.keys() | becomes.keys()) - listed):
        if was.get(member) != becomes.get(member):
            found.append(
                {
                    "row": tell(RULES[rule]),
                    "member": member,
                    "was": str(was.get(member)),
                    "becomes": str(becomes.get(member)),
                }
            )
    return found


def _row_changes(
    rows: RowsOfRule, was: Sequence[Row], becomes: Sequence[Row]
) -> Iterator[dict[str, str]]:
    before, after = ({rows.name_of(row): row for row in listed} for listed in (was, becomes))
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        for column in _every_column(rows, old or {}, new or {}):
            texts = {"was": _text(column, old), "becomes": _text(column, new)}
            if texts["was"] != texts["becomes"]:
                yield {"row": " ".join(name), "member": tell(column.title), **texts}


def _every_column(rows: RowsOfRule, *compared: Row) -> list[Column]:
    """Return the columns of a row, and one for each further member, so that no change stays unseen."""
    known = {column.member for column in rows.columns}
    further = sorted({member for row in compared for member in row} - known)
    return [*rows.columns, *(Column(member, (member, member)) for member in further)]


def _text(column: Column, row: Row | None) -> str:
    return "—" if row is None else str(column.cell(row)["text"])


def with_row(content: Content, rows: RowsOfRule, row: Row) -> dict[str, Any]:
    """Return a document in which a row stands instead of the one of its name, or at the end."""
    listed = list(content[rows.member])
    names = [rows.name_of(one) for one in listed]
    name = rows.name_of(row)
    if name in names:
        listed[names.index(name)] = row
    else:
        listed.append(row)
    return {**content, rows.member: listed}


async def show_rule(view: View) -> None:
    """Show a document, what waits for its decision, and its versions; every step shows it anew."""
    body = ui.element("div").classes("w-full wx-outcome")

    async def show() -> None:
        body.clear()
        with body:
            await _show_rule(view, show)

    await show()


async def _show_rule(view: View, refresh: Callable[[], Awaitable[None]]) -> None:
    rule = view.params["rule"]
    found = await _read(view, rule)
    if found is None:
        return
    versions, waiting = found
    content = versions[0]["content"]
    page_title(tell(RULES[rule]))
    for change in waiting:
        _show_waiting(view, content, change, refresh)
    for rows in ROWS[rule]:
        with ui.row().classes("wx-title-row"):
            heading(tell(rows.title))
            ui.space()
            if rows.can_add and _may_file(view, waiting):
                ui.button(
                    t("新增一行", "Add a row"),
                    icon="add",
                    on_click=lambda rows=rows: ui.navigate.to(_address(rule, rows)),
                ).props("outline no-caps")
        can_change = _may_file(view, waiting)
        listed = [{**row, "at": at + 1} for at, row in enumerate(content[rows.member])]
        table_panel([*rows.columns, *([_change_link(rule, rows)] if can_change else [])], listed)
    heading(t("各版本", "Versions"))
    table_panel(_VERSION, versions)


async def _read(view: View, rule: str) -> tuple[list[Row], list[Row]] | None:
    """Read the versions of a document, the newest first, and the corrections of it that wait."""
    if rule not in ROWS:
        about(t("无此规则。", "There is no such rule."))
        return None
    versions = await attempt(view.api, lambda: view.api.get(f"{_DOOR}/{rule}/versions"))
    listed = await attempt(view.api, lambda: view.api.get(_DOOR))
    if versions is None or listed is None:
        return None
    return versions["items"], [one for one in listed["waiting"] if one["rule"] == rule]


def _may_file(view: View, waiting: Sequence[Row]) -> bool:
    """One correction of a document waits at a time."""
    return view.may(Right.PROPOSE_CORRECTION) and not waiting


def _show_waiting(
    view: View, content: Content, change: Row, refresh: Callable[[], Awaitable[None]]
) -> None:
    heading(t("待批准", "To be approved"))
    show_fields(_FILED, change)
    changes = differences(change["rule"], content, change["content"])
    table_panel(_CHANGE, changes)
    paper = {**change, "title": tell(RULES[change["rule"]]), "count": len(changes)}
    with ui.row():
        for action in _DECISIONS:
            if action.is_open(view, paper):
                action_button(view, action, paper, refresh)


def _address(rule: str, rows: RowsOfRule, at: int | None = None) -> str:
    return link(f"/city-rules/{rule}/row", rows=rows.member, at=at)


def _change_link(rule: str, rows: RowsOfRule) -> Column:
    return Column(
        "at",
        ("更正", "Change"),
        of=lambda row: t("更正", "Change"),
        address=lambda row: _address(rule, rows, row["at"]),
    )


async def show_row(view: View) -> None:
    """Show the form of a row of a document: one that is there, or a new one."""
    rule = view.params["rule"]
    found = await _read(view, rule)
    if found is None:
        return
    content = found[0][0]["content"]
    rows = next((one for one in ROWS[rule] if one.member == view.query.get("rows")), None)
    at = view.query.get("at", "")
    listed = content[rows.member] if rows else []
    if rows is None or (at and not (at.isdigit() and 0 < int(at) <= len(listed))):
        about(t("无此行。", "There is no such row."))
        return
    row = listed[int(at) - 1] if at else None
    page_title(f"{tell(RULES[rule])} · {' '.join(rows.name_of(row)) if row else tell(_NEW)}")
    fields = _fields_of(rows, row)
    form = Form(replace(view, query=_openings(row, fields)), fields)
    with ui.element("div").classes("wx-panel wx-form-panel"):
        with ui.element("div").classes("wx-form-grid"):
            await form.build()

        def check() -> None:
            typed = form.typed()
            if typed is not None:
                place.clear()
                with place:
                    _show_change(
                        view, rule, content, with_row(content, rows, _row_of(row, fields, typed))
                    )

        ui.button(t("查看改动", "Show the change"), on_click=check).props("outline no-caps")
    place = ui.element("div").classes("w-full wx-outcome")


def _show_change(view: View, rule: str, content: Content, becomes: Content) -> None:
    changes = differences(rule, content, becomes)
    table_panel(_CHANGE, changes)
    document = {"rule": rule, **becomes}
    paper = {"document": document, "title": tell(RULES[rule]), "count": len(changes)}
    if changes and _FILE.is_open(view, paper):
        with ui.row():
            action_button(view, _FILE, paper, stay)


def _fields_of(rows: RowsOfRule, row: Row | None) -> list[Field]:
    """Return the fields of a row; what names a row is typed only for a new one."""
    fields = [field for field in rows.fields if row is None or field.member not in rows.key]
    limits = row["limits"] if row and "limits" in row else {}
    return [*fields, *(limit_field(name, value) for name, value in limits.items())]


def _openings(row: Row | None, fields: Sequence[Field]) -> dict[str, str]:
    """Return what the fields open with: the values of the row."""
    return {field.member: _opening(member_of(row or {}, field.member), field) for field in fields}


def _opening(value: Any, field: Field) -> str:
    if field.member.startswith(LIMIT):
        return limit_text(field.member.removeprefix(LIMIT), value)
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, list):
        return ",".join(value)
    return "" if value is None else str(value)


def _row_of(row: Row | None, fields: Sequence[Field], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row as it was typed; what no field is for stays."""
    plain = [field.member for field in fields if not field.member.startswith(LIMIT)]
    limits = typed.get("limits", {})
    return {
        **(row or {}),
        **{member: typed.get(member) for member in plain},
        **({"limits": {name: limit_read(name, limits[name]) for name in limits}} if limits else {}),
    }


CITY: Final = ListPage(
    path="/city-rules",
    title=("本市规则", "The city's own rules"),
    area=Area.POLICY,
    order=30,
    rights=(Right.READ_COLLECTION,),
    door=_DOOR,
    is_paged=False,
    about=(
        "每份规则由两人订正,各版本永久保留;版本 0 为随产品附带的示例。",
        "Two people correct each of them, and every version stays; version 0 is as shipped.",
    ),
    columns=(
        Column("rule", ("规则", "Rule"), names=RULES, link="/city-rules/{rule}"),
        Column("version", ("版本", "Version"), Kind.NUMBER),
        Column("rows", ("行数", "Rows"), Kind.NUMBER, of=_rows_of),
        Column("reason", ("理由", "Reason")),
        Column("set_by", ("订正", "Set by"), names=codes.AUTHORS),
        Column("set_at", ("时间", "At"), Kind.TIME),
    ),
)
WAITING: Final = ListPage(
    path="/city-rule-corrections",
    title=("本市规则订正", "Corrections of the city's rules"),
    area=Area.POLICY,
    order=40,
    rights=(Right.READ_COLLECTION,),
    door=_DOOR,
    is_paged=False,
    items="waiting",
    columns=(
        Column("id", ("订正", "Correction"), Kind.CODE, link="/city-rules/{rule}"),
        *_FILED,
    ),
)

PAGES: Final = (
    CITY,
    WAITING,
    FreePage(
        path="/city-rules/{rule}",
        title=("本市规则", "Rule of the city"),
        area=Area.POLICY,
        rights=(Right.READ_COLLECTION,),
        show=show_rule,
        in_menu=False,
    ),
    FreePage(
        path="/city-rules/{rule}/row",
        title=("更正一行", "Change a row"),
        area=Area.POLICY,
        rights=(Right.PROPOSE_CORRECTION,),
        show=show_row,
        in_menu=False,
    ),
)
