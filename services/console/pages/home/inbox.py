"""Inbox (待办): what waits for the person's role, by step; each step opens its papers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from services.console.api import PAGE
from services.console.page import Area, FreePage, View, link
from services.console.pages.home.waiting import WaitingCount, counted
from services.console.widgets import text
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.listing import Listing, ListPage
from services.console.widgets.tile import tile
from services.console.widgets.title import about, page_title
from services.console.words import Text, t, tell
from shared.roles import Right

STEPS: Final[Mapping[str, Text]] = {
    "accept": ("待受理", "To accept"),
    "review": ("待复核", "To review"),
    "send_summary": ("待汇总上报", "To summarise"),
    "submit_again": ("已退回,待重报", "Returned, to submit again"),
    "approve_change": ("登记变更待复核", "Register changes to approve"),
    "approve_person_correction": ("个人信息更正待复核", "Corrections of people to approve"),
    "confirm_base_review": ("基数待核定", "Bases to confirm"),
    "approve_base_correction": ("基数核改待批准", "Corrections of bases to approve"),
    "audit": ("待市中心审核", "To audit"),
}
KINDS: Final[Mapping[str, Text]] = {
    "monthly": ("月报", "Monthly"),
    "default": ("未报核定", "By default"),
    "adjustment": ("更正", "Adjustment"),
    "project": ("建设项目", "Project"),
}
_PAPERS: Final = {
    "declaration": "/declarations/{id}",
    "change": "/changes/{id}",
    "person_correction": "/person-corrections/{id}",
    "base_review": "/base-reviews/{id}",
    "summary": "/summaries/{id}",
}


def paper_link(item: Mapping[str, Any]) -> str | None:
    """Return the address of the paper that waits."""
    pattern = _PAPERS.get(str(item["paper"]))
    return pattern.format(id=item["id"]) if pattern else None


_TABLE: Final = ListPage(
    path="/",
    title=("待办事项", "What waits"),
    area=Area.HOME,
    door="collection:/v1/inbox",
    columns=(
        Column("step", ("环节", "Step"), names=STEPS),
        Column("id", ("单据", "Paper"), Kind.CODE, address=paper_link),
        Column("name", ("单位或姓名", "Unit or person")),
        Column("credit_code", ("统一社会信用代码", "Credit code"), Kind.CODE),
        Column("period", ("费款所属期", "Period")),
        Column("kind", ("种类", "Kind"), names=KINDS),
        Column("people", ("人数", "People"), Kind.NUMBER),
        Column("total", ("金额(元)", "Amount, yuan"), Kind.MONEY),
        Column("since", ("等待自", "Since"), Kind.TIME),
    ),
    filters=(),
)


async def show(view: View) -> None:
    """Show the steps with their counts, then the papers of the chosen step."""
    with ui.row().classes("wx-title-row"):
        page_title(t("待办", "Inbox"))
        about(
            t(
                "按等待时间排列,您签过的单据不再列出。",
                "Oldest first; papers you have signed are left out.",
            )
        )
    chosen = view.query.get("step")
    answers = await attempt(view.api, lambda: _ask(view, chosen))
    if answers is None:
        return
    found, papers, others = answers
    with ui.element("div").classes("wx-tiles"):
        for step in found["steps"]:
            tile(
                tell(STEPS.get(step["step"], (step["title"], step["title"]))),
                text.number(step["waiting"]),
                _oldest(step),
                link("/", step=None if chosen == step["step"] else step["step"]),
                is_on=chosen == step["step"],
            )
        for one in sorted(others, key=lambda one: one.count == 0):
            more = "+" if one.has_more else ""
            tile(
                tell(one.waiting.title),
                text.number(one.count) + more,
                t("打开清单", "Open the list") if one.address and one.count else "",
                one.address,
            )
    if not found["steps"]:
        if not others:
            about(t("您的角色没有待办环节。", "No step waits for your role."))
        return
    await Listing(_TABLE, view, fixed={"step": chosen}).build_table(papers)


async def _ask(
    view: View, chosen: str | None
) -> tuple[dict[str, Any], dict[str, Any], list[WaitingCount]]:
    """Ask at once for the steps, the papers of the chosen step or of all, and the other lists."""
    if chosen is None:
        papers, others = await asyncio.gather(_inbox(view, limit=PAGE), counted(view))
        return papers, papers, others
    steps, papers, others = await asyncio.gather(
        _inbox(view, limit=1), _inbox(view, limit=PAGE, step=chosen), counted(view)
    )
    return steps, papers, others


async def _inbox(view: View, **params: Any) -> dict[str, Any]:
    if not view.may(Right.READ_COLLECTION):
        return {"steps": [], "items": []}
    found: dict[str, Any] = await view.api.get("collection:/v1/inbox", **params)
    return found


def _oldest(step: Mapping[str, Any]) -> str:
    if not step.get("oldest_since"):
        return t("没有等待的单据", "Nothing waits")
    return t("最早 ", "Oldest ") + text.moment(step["oldest_since"])


PAGES: Final = (FreePage(path="/", title=("待办", "Inbox"), area=Area.HOME, show=show, order=1),)
