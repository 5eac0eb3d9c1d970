"""Two versions of a policy side by side: only what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui import ui

from services.console.page import View, link
from services.console.pages.policy import pack_words
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.table import table, table_panel
from services.console.widgets.title import about, heading
from services.console.words import t

Change = Mapping[str, Any]
_ROW: Final = (
    Column("part", ("部分", "Part")),
    Column("item", ("项目", "Item")),
    Column("member", ("内容", "Value")),
)


def _columns(since: str, until: str, kind: Kind) -> tuple[Column, ...]:
    return (
        *_ROW,
        Column("was", (since, since), kind),
        Column("now", (until, until), kind),
    )


def show_differences(
    changes: Sequence[Change],
    before: pack_words.Pack | None,
    after: pack_words.Pack,
    since: str,
    until: str,
) -> None:
    """Show changed figures first, then other rules, then sources and notes."""
    groups: dict[str, list[dict[str, str]]] = {"figures": [], "rules": [], "sources": []}
    for change in changes:
        groups[_group(change)].append(_written(change, before, after))
    if not changes:
        about(t("两个版本没有差异。", "The two versions do not differ."))
    if groups["figures"]:
        heading(t("费率和金额", "Rates and amounts"))
        with ui.element("div").classes("wx-panel w-full"):
            by = Column("by", ("增减", "Change"), Kind.FIGURE)
            table((*_columns(since, until, Kind.FIGURE), by), groups["figures"])
    if groups["rules"]:
        heading(t("其他规则", "Other rules"))
        table_panel(_columns(since, until, Kind.TEXT), groups["rules"])
    if groups["sources"]:
        count = len(groups["sources"])
        with ui.expansion(t(f"依据和说明({count} 处)", f"Sources and notes ({count})")).classes(
            "wx-panel w-full"
        ):
            table(_columns(since, until, Kind.TEXT), groups["sources"])


def _group(change: Change) -> str:
    part, member = change["row"].partition(" ")[0], change["member"]
    if part in {"sources", "notes"} or member == "source":
        return "sources"
    value = change["now"] if change["now"] is not None else change["was"]
    return "figures" if pack_words.unit_of(member, value) else "rules"


def _written(
    change: Change, before: pack_words.Pack | None, after: pack_words.Pack
) -> dict[str, str]:
    row, member, was, now = (change[name] for name in ("row", "member", "was", "now"))
    part, _, name = row.partition(" ")
    return {
        "part": pack_words.part_name(part),
        "item": pack_words.row_name(row, after, before) if name else "",
        "member": pack_words.member_name(member) if member or name else "",
        "was": pack_words.value_text(member, was),
        "now": pack_words.value_text(member, now),
        "by": pack_words.difference(member, was, now),
    }


async def with_changes(view: View, paper: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the differences of a version to the one before it, or to one that is chosen; None when
    they cannot be read."""
    door = f"collection:/v1/policies/{view.params['policy']}/changes"
    since = view.query.get("since")
    found = await attempt(view.api, lambda: view.api.get(door, since=since))
    return {**paper, "changes": found}


def baseline(paper: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the version that the shown differences are to, as the body of an approval."""
    since = paper["changes"]["since"]
    return {"since": since and since["id"]}


async def show_versions(view: View, paper: Mapping[str, Any]) -> None:
    """Show the differences of a version, and a choice of others to compare it with."""
    found = paper["changes"]
    if found is None:
        return
    page = await view.api.get("collection:/v1/policies", region=paper["region"], limit=100)
    others = {
        row["id"]: f"{row['pack']}({row['in_force_from']} –)"
        for row in page["items"]
        if row["id"] != paper["id"] and row["status"] != "refused"
    }
    with ui.row().classes("wx-title-row"):
        heading(t("与其他版本的差异", "Differences to another version"))
        ui.space()
        chosen = found["since"] and found["since"]["id"]
        select = ui.select(
            others, label=t("对比版本", "Compared with"), value=chosen if chosen in others else None
        )
        select.props("outlined dense options-dense").classes("wx-select-wide")
        select.on_value_change(
            lambda event: ui.navigate.to(link(f"/policies/{paper['id']}", since=event.value))
        )
    if found["since"] is None:
        about(t("此前没有执行中的版本。", "No version was in force before it."))
        return
    show_differences(
        found["items"], found["before"], paper["content"], found["since"]["pack"], paper["pack"]
    )
