"""A policy pack from a file: its faults line by line, what it changes, and the proposal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from nicegui import events, ui

from services.console.page import Area, FreePage, View
from services.console.pages.policy.differences import show_differences
from services.console.widgets.action import Action, action_button, stay
from services.console.widgets.cell import Column, Kind
from services.console.widgets.download import offer_rows
from services.console.widgets.fault import attempt
from services.console.widgets.file_form import drop_box
from services.console.widgets.table import table
from services.console.widgets.title import about, heading, page_title
from services.console.words import side_of, t
from shared.roles import Right
from shared.wire.pack_file import LENGTH_MAX, PackFile, Unreadable, read_pack

_FAULTS: Final = (
    Column("line", ("行", "Line"), Kind.NUMBER),
    Column("text", ("原文", "Text")),
    Column("message", ("问题", "Fault")),
    Column("pointer", ("位置", "Place"), Kind.CODE),
    Column("code", ("代码", "Code"), Kind.CODE),
)
DRAFT: Final = Action(
    title=("提出", "Propose"),
    door="collection:/v1/policies",
    right=Right.PUBLISH_POLICY,
    body=lambda paper: paper["content"],
    confirm=(
        "提出《{title}》,自 {from} 起执行;与执行中的版本相差 {count} 处。另一人批准后执行。",
        "Propose {title}, in force from {from}; {count} values differ from the version in force."
        " Another person puts it in force.",
    ),
    done=("已提出,待另一人批准", "Proposed; another person approves"),
    after=lambda answer: f"/policies/{answer['id']}",
)


async def show(view: View) -> None:
    """Show the place for the file; what was found in it stands below."""
    page_title(t("起草政策版本", "Draft a policy version"))
    about(
        t(
            "拖入政策包(YAML 或 JSON)。有误的逐行列出;无误的列出与执行中版本的差异,由本人提出、另一人批准。",
            "Drop a policy pack, YAML or JSON. Faults are listed line by line; a sound pack shows what"
            " it changes. You propose it, another person approves.",
        )
    )

    async def take(event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        chosen.set_text(event.file.name)
        place.clear()
        with place:
            await _check(view, content)

    with ui.element("div").classes("wx-panel wx-file-form"):
        drop_box(take, LENGTH_MAX)
        chosen = about(t("尚未选择文件。", "No file yet."))
    place = ui.element("div").classes("w-full wx-outcome")


async def _check(view: View, content: bytes) -> None:
    try:
        written = content.decode("utf-8-sig")
        pack = await asyncio.to_thread(read_pack, written)
    except UnicodeDecodeError:
        _show_faults([{"line": 1, "message": t("文件须为 UTF-8", "The file must be UTF-8")}])
        return
    except Unreadable as error:
        text = _text_of(written, error.line)
        _show_faults([{"line": error.line, "text": text, "message": side_of(error.fault.message)}])
        return
    if not isinstance(pack.content, Mapping):
        _show_faults([{"line": 1, "message": t("政策包须为一个对象", "A pack is an object")}])
        return
    found = await attempt(
        view.api, lambda: view.api.post("collection:/v1/policy-checks", pack.content)
    )
    if found is None:
        return
    if found["faults"]:
        _show_faults([_placed(fault, pack, written) for fault in found["faults"]], found["count"])
    else:
        _show_sound(view, pack.content, found)


def _text_of(written: str, line: int | None) -> str:
    lines = written.splitlines()
    return lines[line - 1].strip()[:120] if line and line <= len(lines) else ""


def _placed(fault: Mapping[str, Any], pack: PackFile, written: str) -> dict[str, Any]:
    line = pack.line_of(fault["pointer"])
    return {
        **fault,
        "line": line,
        "text": _text_of(written, line),
        "message": side_of(fault["message"]),
    }


def _show_faults(rows: list[dict[str, Any]], count: int | None = None) -> None:
    heading(t(f"{count or len(rows):,} 处问题", f"{count or len(rows):,} faults"))
    with ui.element("div").classes("wx-panel w-full"):
        table(_FAULTS, rows)
        with ui.row().classes("wx-foot"):
            ui.space()
            offer_rows(t("问题清单", "Faults"), _FAULTS, lambda: rows)


def _show_sound(view: View, content: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    since = found["since"]
    with ui.row().classes("wx-title-row"):
        heading(t("没有问题", "No faults"))
        ui.space()
        paper = {
            "content": content,
            "title": content["title"],
            "from": content["in_force_from"],
            "count": f"{len(found['items']):,}",
        }
        if DRAFT.is_open(view, paper):
            action_button(view, DRAFT, paper, stay)
    if since is None:
        about(t("该统筹区此前没有执行中的版本。", "The region has no version in force before."))
    else:
        show_differences(
            found["items"], found["before"], content, since["pack"], str(content["pack"])
        )
    if found["doubts"]:
        count = len(found["doubts"])
        with (
            ui.expansion(
                t(f"须核对的依据〔待核〕({count} 处)", f"Sources to confirm ({count})")
            ).classes("wx-panel w-full"),
            ui.element("ul").classes("wx-list"),
        ):
            for doubt in found["doubts"]:
                with ui.element("li"):
                    ui.label(doubt)
    with ui.expansion(t("全文", "The whole policy in words")).classes("wx-panel w-full"):
        ui.markdown(found["text"], extras=["tables"]).classes("wx-policy")


PAGES: Final = (
    FreePage(
        path="/policy-drafts",
        title=("起草政策版本", "Draft a version"),
        area=Area.POLICY,
        order=22,
        rights=(Right.PUBLISH_POLICY,),
        show=show,
    ),
)
