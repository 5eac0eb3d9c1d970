"""Ends of entitlements (待遇终止): proposed with the last month to be paid, approved by another person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.widgets.action import Action, decisions
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, District, Field, Month, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

REASONS: Final[Mapping[str, Text]] = {
    "death": ("死亡", "Death"),
    "moved": ("关系转出", "Moved away"),
    "not_eligible": ("不符合领取条件", "Not eligible"),
    "duplicate": ("重复领取", "Received twice"),
    "other": ("其他", "Other"),
}
STATUSES: Final[Mapping[str, Text]] = {
    "proposed": ("待批准", "Proposed"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
    "set_aside": ("记录合并后不再适用", "Set aside by a merger"),
}
_DOOR: Final = "payout:/v1/entitlement-ends"


def _columns(place: str = "") -> tuple[Column, ...]:
    """Return the columns of an end; in its own paper they stand within the member `end`."""
    return (
        Column(f"{place}name", ("姓名", "Name")),
        Column(f"{place}masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
        Column(f"{place}district", ("分中心", "District"), Kind.DISTRICT),
        Column(f"{place}kind", ("待遇种类", "Kind"), names=codes.BENEFITS),
        Column(f"{place}reason", ("事由", "Reason"), names=REASONS),
        Column(f"{place}last_period", ("末次发放月", "Last month paid")),
        Column(f"{place}proposed_by", ("提出", "Proposed by")),
        Column(f"{place}status", ("状态", "Status"), names=STATUSES),
    )


def _waits(paper: Mapping[str, Any]) -> bool:
    return bool(paper["end"]["status"] == "proposed")


LIST: Final = ListPage(
    path="/entitlement-ends",
    title=("待遇终止", "Ends of entitlements"),
    area=Area.PAYOUT,
    order=75,
    rights=(Right.READ_PAYOUT,),
    door=_DOOR,
    filters=(Choice(member="status", title=("状态", "Status"), choices=STATUSES), District()),
    columns=(
        Column("id", ("终止单", "Paper"), Kind.CODE, link="/entitlement-ends/{id}"),
        *_columns(),
    ),
    actions=(
        Action(
            title=("提出终止", "Propose an end"),
            door=_DOOR,
            right=Right.REGISTER_ENTITLEMENT,
            fields=(
                District(is_needed=True),
                Field(
                    member="identity_number", title=("证件号", "Identity number"), is_needed=True
                ),
                Choice(member="reason", title=("事由", "Reason"), choices=REASONS, is_needed=True),
                Month(
                    member="last_period",
                    title=("末次发放月(死亡当月照发,次月起停发)", "Last month to be paid"),
                    is_needed=True,
                ),
                Note(member="note", title=("说明", "Note")),
            ),
            confirm=(
                "提出终止一人的养老金,另一人批准后次月起停发;已多发的月份列入追回。",
                "Propose the end of one person's pension. When another person approves, no later month"
                " is paid, and what was paid after it is to be recovered.",
            ),
            done=("已提出,待另一人批准", "Proposed; another person approves"),
            after=lambda answer: f"/entitlement-ends/{answer['end']['id']}",
        ),
    ),
)
PAPER: Final = PaperPage(
    path="/entitlement-ends/{paper}",
    title=("待遇终止", "End of an entitlement"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door=f"{_DOOR}/{{paper}}",
    status=None,
    fields=(*_columns("end."), Column("end.note", ("说明", "Note"))),
    parts=(
        Part(
            title=("终止后已发放、须追回的月份", "Months paid after the end, to be recovered"),
            member="paid_after",
            columns=(
                Column("period", ("所属期", "Month")),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=decisions(
        f"{_DOOR}/{{paper}}",
        Right.SIGN_FIRST,
        (
            "终止 {end.name} 1 人,发至 {end.last_period}",
            "the end of one person, {end.name}, paid to {end.last_period}",
        ),
        when=_waits,
    ),
)

PAGES: Final = (LIST, PAPER)
