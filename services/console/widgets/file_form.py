"""Files that people hand in: chosen or dropped, sent under one key, with progress and a fault sheet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from nicegui import events, ui

from services.console.api import new_key
from services.console.page import Area, View
from services.console.widgets.cell import Column, Kind
from services.console.widgets.download import offer_rows
from services.console.widgets.fault import attempt
from services.console.widgets.field import Field, Input, Loaded, needed, sentence_of_needed
from services.console.widgets.table import table
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, side_of, t, tell
from shared.guard.entrance import BULK_BYTES
from shared.roles import Right

_PAUSE_SECONDS: Final = 1.0
_TYPES: Final[Mapping[str, str]] = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
}
_DROP: Final = """
<div class="wx-drop"><span>%s</span>
  <span class="wx-choose"><span aria-hidden="true">%s</span><q-uploader-add-trigger /></span>
</div>
"""
_FAULTS: Final = (
    Column("row", ("行", "Row"), Kind.NUMBER),
    Column("column", ("列", "Column")),
    Column("code", ("代码", "Code"), Kind.CODE),
    Column("message", ("问题", "Fault")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """A page that sends a file to a door. The fields are the door's query parameters.

    The door answers an operation, whose progress is shown until it ends, or the result at once.
    """

    path: str
    title: Text
    area: Area
    door: str
    about: Text
    """The columns that the file has."""
    template: Text | None = None
    """The header of a CSV file to fill in."""
    fields: Sequence[Field] = ()
    rights: tuple[Right, ...] = ()
    result: Sequence[Column] = ()
    """Members of a result to show, beside the counts that every result has."""
    in_menu: bool = True
    order: int = 100

    async def build(self, view: View) -> None:
        """Build the form."""
        page_title(tell(self.title))
        about(tell(self.about))
        form = FileForm(self, view)
        await form.build()


class FileForm:
    """The form as it stands on a page."""

    def __init__(self, page: FilePage, view: View) -> None:
        self.page, self.view = page, view
        self.inputs: list[tuple[Field, Input]] = []
        self.name, self.content, self.key = "", b"", new_key()

    async def build(self) -> None:
        """Build the fields, the place for the file, and the button that sends it."""
        with ui.element("div").classes("wx-panel wx-file-form"):
            with ui.row().classes("wx-filters"):
                for field in self.page.fields:
                    start = str(self.view.query.get(field.member, ""))
                    input = field.build(start)
                    self.inputs.append((field, input))
                    if isinstance(field, Loaded):
                        await attempt(
                            self.view.api, partial(field.fill, input, self.view.api, start)
                        )
            drop_box(self._take)
            self.chosen = about(t("尚未选择文件。", "No file yet."))
            if self.page.template is not None:
                self._offer_template(tell(self.page.template))
            self.button = ui.button(t("提交文件", "Send the file"), on_click=self._send)
            self.button.props("unelevated no-caps")
        self.faults = ui.element("div").classes("w-full")
        self.outcome = ui.element("div").classes("w-full wx-outcome")

    def _offer_template(self, header: str) -> None:
        content = f"{header}\r\n".encode("utf-8-sig")
        name = f"{tell(self.page.title)}.csv"
        title = t("下载模板", "Download a template")
        ui.button(
            title, icon="download", on_click=lambda: ui.download.content(content, name, "text/csv")
        ).props("flat no-caps")

    async def _take(self, event: events.UploadEventArguments) -> None:
        """Keep a file; another file is another action, with a key of its own."""
        self.name, self.content = event.file.name, await event.file.read()
        self.key = new_key()
        size = f"{len(self.content):,}"
        self.chosen.set_text(t(f"{self.name},{size} 字节", f"{self.name}, {size} bytes"))

    async def _send(self) -> None:
        missing = needed(self.inputs)
        if missing or not self.content:
            words = sentence_of_needed(missing) if missing else t("请先选择文件", "Choose a file")
            ui.notify(words, type="warning")
            return
        params = {field.member: field.read(input) for field, input in self.inputs}
        self.button.props("loading")
        answer = await attempt(
            self.view.api,
            lambda: self.view.api.upload(
                self.page.door, self.content, media_type(self.name), key=self.key, **params
            ),
            self.faults,
        )
        self.button.props(remove="loading")
        if answer is not None:
            await self._show(answer)

    async def _show(self, answer: Mapping[str, Any]) -> None:
        self.outcome.clear()
        with self.outcome:
            if "progress" in answer:
                service = self.page.door.partition(":")[0]
                await show_operation(self.view, str(answer["id"]), service=service)
            else:
                show_result(answer, self.page.result)


def drop_box(
    take: Callable[[events.UploadEventArguments], Awaitable[None]], longest: int = BULK_BYTES
) -> None:
    """Show the place where a file is dropped or chosen."""
    box = ui.upload(on_upload=take, auto_upload=True, max_file_size=longest)
    box.classes("wx-upload").props("flat bordered")
    box.add_slot(
        "header",
        _DROP % (t("把文件拖到这里", "Drop the file here"), t("选择文件", "Choose a file")),
    )
    # The name stands below; Quasar's list has buttons without names.
    box.add_slot("list", "<span />")


def media_type(name: str) -> str:
    """Return the media type of a file by its name."""
    end = "." + name.rpartition(".")[2].lower()
    return _TYPES.get(end, "text/csv")


async def show_operation(view: View, operation: str, *, service: str = "collection") -> None:
    """Show the progress of work in the background until it ends, then its result or its faults."""
    door = f"{service}:/v1/operations/{operation}"
    heading(t("办理进度", "Progress"))
    with ui.element("div").classes("wx-panel wx-file-form"):
        bar = ui.linear_progress(0, show_value=False).props(
            f'aria-label="{t("进度", "Progress")}" rounded size=10px'
        )
        said = about(t("等待办理", "Waiting"))
        while True:
            found = await attempt(view.api, lambda: view.api.get(door))
            if found is None:
                return
            done, total = found["progress"]["done"], found["progress"]["total"] or 0
            bar.set_value(done / total if total else 0)
            said.set_text(t(f"已办理 {done:,} / {total:,}", f"{done:,} of {total:,} done"))
            if found["status"] in {"succeeded", "failed"}:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        bar.set_value(1)
    if found["result"]:
        show_result(found["result"], ())
    if found["error"]:
        await _show_error(view, door, found["error"])


async def _show_error(view: View, door: str, error: Mapping[str, Any]) -> None:
    with ui.element("div").classes("wx-fault").props("role=alert"):
        ui.label(side_of(str(error.get("detail") or error.get("code") or ""))).classes(
            "wx-fault-title"
        )

        async def fetch() -> None:
            sheet = await attempt(view.api, lambda: view.api.file(f"{door}/faults"))
            if sheet is not None:
                ui.download.content(sheet[0], f"{t('问题清单', 'faults')}.csv", "text/csv")

        ui.button(
            t("下载问题清单", "Download the fault sheet"), icon="download", on_click=fetch
        ).props("flat no-caps")


COUNTS: Final[Mapping[str, Text]] = {
    "rows": ("行数", "Rows"),
    "imported": ("新登记", "Imported"),
    "replayed": ("此前已登记", "Known before"),
    "refused": ("有误", "Refused"),
    "units": ("单位", "Units"),
    "people": ("人数", "People"),
    "declarations": ("申报", "Declarations"),
    "taken": ("已接收", "Taken"),
    "lines": ("笔数", "Lines"),
}


def show_result(answer: Mapping[str, Any], more: Sequence[Column]) -> None:
    """Show a result: its counts, its faults as a sheet to download, its warnings."""
    counts = [
        Column(name, title, Kind.NUMBER)
        for name, title in COUNTS.items()
        if _is_count(answer.get(name))
    ]
    heading(t("结果", "Result"))
    with ui.element("div").classes("wx-panel wx-tiles wx-file-form"):
        for column in (*counts, *more):
            with ui.element("div"):
                ui.label(tell(column.title)).classes("wx-tile-title")
                ui.label(column.cell(answer)["text"]).classes("wx-tile-figure")
    for member, title in (("faults", t("问题", "Faults")), ("warnings", t("须核对", "To check"))):
        rows = answer.get(member)
        if rows:
            heading(title)
            with ui.element("div").classes("wx-panel w-full"):
                table(_FAULTS, rows)
                with ui.row().classes("wx-foot"):
                    ui.space()
                    offer_rows(title, _FAULTS, partial(list, rows))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
