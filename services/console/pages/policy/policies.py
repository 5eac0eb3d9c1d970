"""Policies: in plain words on any day, their versions, publishing by two; values of benefits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from services.console import codes
from services.console.page import Area, FreePage, View, link
from services.console.pages.payout.claims import documents_of
from services.console.pages.policy.differences import baseline, show_versions, with_changes
from services.console.widgets.action import Action, decisions, refusal
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.field import Choice, Field, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage
from services.console.widgets.title import about, page_title
from services.console.words import Text, t
from shared import clock
from shared.process.settings import settings
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "draft": ("待批准", "To be approved"),
    "in_force": ("执行中", "In force"),
    "published": ("已发布", "Published"),
    "replaced": ("已被取代", "Replaced"),
    "refused": ("不予批准", "Refused"),
}
ROWS: Final[Mapping[str, Text]] = {
    "proposed": ("待批准", "Proposed"),
    "in_force": ("执行中", "In force"),
    "replaced": ("已被取代", "Replaced"),
    "refused": ("不予批准", "Refused"),
}
_POLICY: Final = (
    Column("title", ("名称", "Title")),
    Column("pack", ("政策包", "Pack"), Kind.CODE),
    Column("region", ("统筹区", "Region"), names=codes.REGIONS),
    Column("in_force_from", ("自", "From"), Kind.DAY),
    Column("in_force_to", ("至", "To"), Kind.DAY),
    Column("author", ("起草", "Author"), names=codes.AUTHORS),
    Column("decided_by", ("批准", "Decided by")),
    Column("published_at", ("发布时间", "Published at"), Kind.TIME),
)


async def show_in_force(view: View) -> None:
    """Show the policy of a day as people read it."""
    day = view.query.get("on") or str(clock.today())
    with ui.row().classes("wx-title-row"):
        page_title(t("现行政策", "Policy in force"))
        ui.space()
        on = ui.input(t("日期", "Day"), value=day).props("outlined dense type=date")
        ui.button(
            t("查看", "Show"), on_click=lambda: ui.navigate.to(link("/policy", on=on.value))
        ).props("outline no-caps")
    door = "collection:/v1/policies/in-force"
    region = settings().region
    found = await attempt(view.api, lambda: view.api.get(door, on=day, region=region))
    if found is None:
        return
    about(f"{found['title']} · {found['in_force_from']} – {found['in_force_to'] or '…'}")
    with ui.element("div").classes("wx-panel w-full"):
        ui.markdown(found["text"], extras=["tables"]).classes("wx-policy")


LIST: Final = ListPage(
    path="/policies",
    title=("政策版本", "Versions of the policy"),
    area=Area.POLICY,
    order=20,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/policies",
    columns=(
        Column("id", ("版本", "Version"), Kind.CODE, link="/policies/{id}"),
        *_POLICY,
        Column("status", ("状态", "Status"), Kind.STATUS, names=STATUSES),
    ),
)
PAPER: Final = PaperPage(
    path="/policies/{policy}",
    title=("政策版本", "Version of the policy"),
    area=Area.POLICY,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/policies/{policy}",
    trail="collection:/v1/policies/{policy}/trail",
    status=None,
    fields=(Column("status", ("状态", "Status"), Kind.STATUS, names=STATUSES), *_POLICY),
    fetch=with_changes,
    more=show_versions,
    actions=(
        Action(
            title=("批准并执行", "Put in force"),
            door="collection:/v1/policies/{policy}/approvals",
            right=Right.PUBLISH_POLICY,
            when=lambda paper: paper["status"] == "draft" and paper["changes"] is not None,
            body=baseline,
            confirm=("自 {in_force_from} 起执行:{title}", "In force from {in_force_from}: {title}"),
            done=("已执行", "In force"),
        ),
        refusal(
            "collection:/v1/policies/{policy}",
            Right.PUBLISH_POLICY,
            ("{title}", "{title}"),
            reason="why",
            when=lambda paper: paper["status"] == "draft",
        ),
    ),
)


BENEFITS: Final = ListPage(
    path="/benefit-kinds",
    title=("待遇种类", "Kinds of benefits"),
    area=Area.POLICY,
    order=50,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/benefit-kinds",
    is_paged=False,
    columns=(
        Column("name", ("待遇", "Benefit")),
        Column("fund", ("基金", "Fund"), Kind.FUND),
        Column("account", ("支出科目", "Account"), names=codes.LEDGER_ACCOUNTS),
        Column("signatures", ("审签级数", "Signatures"), Kind.NUMBER),
        Column("documents", ("材料", "Documents"), of=documents_of),
        Column("line_limit", ("每笔限额(元)", "Limit, yuan"), Kind.MONEY),
        Column("in_force_from", ("自", "From"), Kind.DAY),
        Column("source", ("依据", "Source")),
    ),
)


def _as_confirmed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row as it is, with its source confirmed."""
    kept = ("rule", "place", "in_force_from", "in_force_to", "value")
    return {**{name: row[name] for name in kept}, "certain": True}


FORMULAS: Final = ListPage(
    path="/formula-rows",
    title=("计发参数", "Values of formulas"),
    area=Area.POLICY,
    order=60,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/formula-rows",
    filters=(Choice(member="status", title=("状态", "Status"), choices=ROWS),),
    columns=(
        Column("id", ("参数", "Row"), Kind.CODE, link="/formula-rows/{id}"),
        Column("title", ("名称", "Title")),
        Column("place", ("地区", "Place"), names=codes.REGIONS),
        Column("in_force_from", ("自", "From"), Kind.DAY),
        Column("in_force_to", ("至", "To"), Kind.DAY),
        Column("certain", ("已核实", "Confirmed"), Kind.YES),
        Column("source", ("依据", "Source")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)
FORMULA: Final = PaperPage(
    path="/formula-rows/{row}",
    title=("计发参数", "Value of a formula"),
    area=Area.POLICY,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/formula-rows/{row}",
    trail="payout:/v1/formula-rows/{row}/trail",
    fields=(
        Column("title", ("名称", "Title")),
        Column("rule", ("规则", "Rule"), Kind.CODE),
        Column("place", ("地区", "Place"), names=codes.REGIONS),
        Column("value", ("值", "Value"), of=lambda row: str(row["value"])),
        Column("in_force_from", ("自", "From"), Kind.DAY),
        Column("in_force_to", ("至", "To"), Kind.DAY),
        Column("source", ("依据", "Source")),
        Column("certain", ("已核实", "Confirmed"), Kind.YES),
        Column("proposed_by", ("提出", "Proposed by"), names=codes.AUTHORS),
        Column("note", ("说明", "Note")),
    ),
    actions=(
        Action(
            title=("提出核实", "Propose as confirmed"),
            door="payout:/v1/formula-rows",
            right=Right.PUBLISH_POLICY,
            when=lambda paper: paper["status"] == "in_force" and not paper["certain"],
            fields=(
                Field(member="source", title=("核实的依据", "Source confirmed"), is_needed=True),
                Note(member="note", title=("说明", "Note"), is_needed=True),
            ),
            body=_as_confirmed,
            confirm=(
                "按原值提出《{title}》已核实,另一人批准后去掉〔待核〕。",
                "Propose {title} as confirmed with its value; another person approves.",
            ),
            done=("已提出,待另一人批准", "Proposed; another person approves"),
            after=lambda answer: f"/formula-rows/{answer['id']}",
        ),
        *decisions(
            "payout:/v1/formula-rows/{row}",
            Right.PUBLISH_POLICY,
            ("{title},自 {in_force_from} 起", "{title} from {in_force_from}"),
        ),
    ),
)

PAGES: Final = (
    FreePage(
        path="/policy",
        title=("现行政策", "Policy in force"),
        area=Area.POLICY,
        order=10,
        rights=(Right.READ_COLLECTION,),
        show=show_in_force,
    ),
    LIST,
    PAPER,
    BENEFITS,
    FORMULAS,
    FORMULA,
)
