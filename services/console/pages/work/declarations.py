"""Declarations: the list with steps on many, and the paper with its people, steps and trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.api import Api
from services.console.page import Area
from services.console.pages.home.inbox import KINDS
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, District, Loaded, Month, Note
from services.console.widgets.listing import BulkAction, ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "submitted": ("待受理", "Submitted"),
    "accepted": ("待复核", "Accepted"),
    "reviewed": ("已复核", "Reviewed"),
    "audited": ("已审核", "Audited"),
    "returned": ("已退回", "Returned"),
}


async def return_codes(api: Api) -> dict[str, str]:
    """Return the reasons for which a declaration is returned: code → text."""
    found = await api.get("collection:/v1/return-codes")
    return {row["code"]: row["text"] for row in found["items"] if "declaration" in row["papers"]}


def listed_code(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the one chosen reason into the list that the door takes."""
    return {**{key: value for key, value in body.items() if key != "code"}, "codes": [body["code"]]}


REASON: Final = (
    Loaded(member="code", title=("退回原因", "Reason"), load=return_codes, is_needed=True),
    Note(member="note", title=("说明", "Note")),
)

LIST: Final = ListPage(
    path="/declarations",
    title=("申报", "Declarations"),
    area=Area.WORK,
    order=10,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/declarations",
    filters=(
        Month(member="period", title=("费款所属期", "Period")),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        Choice(member="kind", title=("种类", "Kind"), choices=KINDS),
        District(),
    ),
    columns=(
        Column("id", ("申报号", "Declaration"), Kind.CODE, link="/declarations/{id}"),
        Column("credit_code", ("统一社会信用代码", "Credit code"), Kind.CODE),
        Column("period", ("费款所属期", "Period")),
        Column("kind", ("种类", "Kind"), names=KINDS),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("people", ("人数", "People"), Kind.NUMBER),
        Column("wages", ("缴费工资(元)", "Wages, yuan"), Kind.MONEY),
        Column("total", ("应缴合计(元)", "Total, yuan"), Kind.MONEY),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    bulk=(
        BulkAction(
            action=Action(
                title=("批量受理", "Accept all ticked"),
                door="collection:/v1/declaration-steps",
                right=Right.ACCEPT_DECLARATION,
                confirm=(
                    "受理 {count} 份申报,合计 {sum} 元。",
                    "Accept {count} declarations, {sum} yuan.",
                ),
                done=("已办理", "Done"),
            ),
            amount="total",
            when=lambda row: row["status"] == "submitted",
            body=lambda rows: {"step": "accept", "ids": [row["id"] for row in rows]},
        ),
        BulkAction(
            action=Action(
                title=("批量复核", "Review all ticked"),
                door="collection:/v1/declaration-steps",
                right=Right.REVIEW_DECLARATION,
                confirm=(
                    "复核 {count} 份申报,合计 {sum} 元。",
                    "Review {count} declarations, {sum} yuan.",
                ),
                done=("已办理", "Done"),
            ),
            amount="total",
            when=lambda row: row["status"] == "accepted",
            body=lambda rows: {"step": "review", "ids": [row["id"] for row in rows]},
        ),
    ),
)

PAPER: Final = PaperPage(
    path="/declarations/{declaration}",
    title=("申报", "Declaration"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/declarations/{declaration}",
    trail="collection:/v1/declarations/{declaration}/trail",
    fields=(
        Column("id", ("申报号", "Declaration"), Kind.CODE),
        Column(
            "credit_code",
            ("统一社会信用代码", "Credit code"),
            Kind.CODE,
            link="/units/{credit_code}",
        ),
        Column("period", ("费款所属期", "Period")),
        Column("kind", ("种类", "Kind"), names=KINDS),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("round", ("申报次数", "Round"), Kind.NUMBER),
        Column("people", ("人数", "People"), Kind.NUMBER),
        Column("wages", ("缴费工资(元)", "Wages, yuan"), Kind.MONEY),
        Column("unit", ("单位部分(元)", "Unit's part, yuan"), Kind.MONEY),
        Column("personal", ("个人部分(元)", "Personal part, yuan"), Kind.MONEY),
        Column("total", ("应缴合计(元)", "Total, yuan"), Kind.MONEY),
        Column("summary", ("汇总表", "Summary"), Kind.CODE, link="/summaries/{summary}"),
    ),
    actions=(
        Action(
            title=("受理", "Accept"),
            door="collection:/v1/declarations/{declaration}/acceptances",
            right=Right.ACCEPT_DECLARATION,
            when=lambda paper: paper["status"] == "submitted",
            confirm=(
                "受理 {people} 人、{total} 元的申报。",
                "Accept {people} people, {total} yuan.",
            ),
            done=("已受理", "Accepted"),
        ),
        Action(
            title=("复核", "Review"),
            door="collection:/v1/declarations/{declaration}/reviews",
            right=Right.REVIEW_DECLARATION,
            when=lambda paper: paper["status"] == "accepted",
            confirm=(
                "复核 {people} 人、{total} 元的申报。",
                "Review {people} people, {total} yuan.",
            ),
            done=("已复核", "Reviewed"),
        ),
        Action(
            title=("退回", "Return"),
            door="collection:/v1/declarations/{declaration}/returns",
            right=Right.ACCEPT_DECLARATION,
            when=lambda paper: paper["status"] == "submitted",
            fields=REASON,
            send=listed_code,
            confirm=(
                "退回 {people} 人、{total} 元的申报。",
                "Return {people} people, {total} yuan.",
            ),
            done=("已退回", "Returned"),
            is_grave=True,
        ),
    ),
    parts=(
        Part(
            title=("险种明细", "By insurance"),
            member="lines",
            columns=(
                Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
                Column("party", ("缴费方", "Party"), names=codes.PARTIES),
                Column("base", ("基数(元)", "Base, yuan"), Kind.MONEY),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
    ),
)

PAGES: Final = (LIST, PAPER)
