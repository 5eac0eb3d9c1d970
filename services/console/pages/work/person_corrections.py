"""Corrections of a person's name or number (个人信息更正): one proposes, another one approves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console.api import Api
from services.console.page import Area
from services.console.pages.work.declarations import listed_code
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Field, Loaded, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

_DOOR: Final = "collection:/v1/person-corrections/{correction}"
STATUSES: Final[Mapping[str, Text]] = {
    "proposed": ("待复核", "Proposed"),
    "in_force": ("已生效", "In force"),
    "refused": ("不予更正", "Refused"),
}
_WHAT: Final = (
    Column("person", ("个人编号", "Person"), Kind.CODE, link="/people/{person}"),
    Column("masked_identity_number", ("现登记号码", "Registered number"), Kind.CODE),
    Column("right_identity_number", ("正确号码", "Right number"), Kind.CODE),
    Column("name", ("现登记姓名", "Registered name")),
    Column("right_name", ("正确姓名", "Right name")),
    Column("merges", ("并入另一记录", "Merges two records"), Kind.YES),
)
_WHY: Final = (
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("reason", ("理由", "Reason")),
    Column("document", ("依据文书", "Document")),
    Column("proposed_at", ("提出", "Proposed"), Kind.TIME),
    Column("decided_at", ("决定", "Decided"), Kind.TIME),
)


async def return_codes(api: Api) -> dict[str, str]:
    """Return the reasons for which a change of the register is refused: code → text."""
    found = await api.get("collection:/v1/return-codes")
    return {row["code"]: row["text"] for row in found["items"] if "change" in row["papers"]}


PROPOSE: Final = Action(
    title=("申请更正", "Propose a correction"),
    door="collection:/v1/person-corrections",
    right=Right.REGISTER,
    fields=(
        Field(member="identity_number", title=("现登记号码", "Registered number"), is_needed=True),
        Field(member="right.identity_number", title=("正确号码", "Right number")),
        Field(member="right.name", title=("正确姓名", "Right name")),
        Note(member="reason", title=("理由", "Reason"), is_needed=True),
        Field(member="document", title=("依据文书", "Document"), is_needed=True),
    ),
    confirm=(
        "更正一人的登记;正确号码已登记的,两条记录并为一条。另一人复核后生效。",
        "Correct the record of one person. If the right number is registered too, the two records"
        " become one. It counts once another person has approved it.",
    ),
    done=("已提出,待另一人复核", "Proposed; another person approves"),
    after=lambda answer: f"/person-corrections/{answer['id']}",
)
APPROVE: Final = Action(
    title=("批准", "Approve"),
    door=f"{_DOOR}/approvals",
    right=Right.APPROVE_CHANGE,
    when=lambda paper: paper["status"] == "proposed",
    confirm=(
        "批准更正一人:{name} {masked_identity_number} 更正为 {right_name} {right_identity_number};"
        "参保期、个人账户和待遇随之。",
        "Approve the correction of one person: {name} {masked_identity_number} becomes {right_name}"
        " {right_identity_number}. Cover, personal accounts and benefits follow.",
    ),
    done=("已生效", "In force"),
)
REFUSE: Final = Action(
    title=("不予更正", "Refuse"),
    door=f"{_DOOR}/refusals",
    right=Right.APPROVE_CHANGE,
    when=lambda paper: paper["status"] == "proposed",
    fields=(
        Loaded(member="code", title=("退回原因", "Reason"), load=return_codes, is_needed=True),
        Note(member="note", title=("说明", "Note")),
    ),
    send=listed_code,
    confirm=(
        "不予更正:{name} {masked_identity_number}。",
        "Refuse: {name} {masked_identity_number}.",
    ),
    done=("不予更正", "Refused"),
    is_grave=True,
)
LIST: Final = ListPage(
    path="/person-corrections",
    title=("个人信息更正", "Corrections of people"),
    area=Area.WORK,
    order=46,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/people/{person}/corrections",
    about=(
        "按个人编号查询;待复核的列在待办中。",
        "By person; those that wait for approval stand in the inbox.",
    ),
    filters=(Field(member="person", title=("个人编号", "Person"), is_needed=True),),
    columns=(
        Column("id", ("更正", "Correction"), Kind.CODE, link="/person-corrections/{id}"),
        *_WHAT[1:],
        Column("proposed_at", ("提出", "Proposed"), Kind.TIME),
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
    actions=(PROPOSE,),
)
PAPER: Final = PaperPage(
    path="/person-corrections/{correction}",
    title=("个人信息更正", "Correction of a person"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door=_DOOR,
    trail=f"{_DOOR}/trail",
    status=None,
    fields=(
        Column("id", ("更正", "Correction"), Kind.CODE),
        Column("status", ("状态", "Status"), names=STATUSES),
        *_WHAT,
        Column(
            "survivor",
            ("保留的个人编号", "Person that remains"),
            Kind.CODE,
            link="/people/{survivor}",
        ),
        *_WHY,
    ),
    parts=(
        Part(
            title=("随之转移的参保期", "Periods of cover that follow"),
            member="periods",
            columns=(
                Column("credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{credit_code}"),
                Column("joined_on", ("参保日", "Joined"), Kind.DAY),
                Column("left_on", ("减员日", "Left"), Kind.DAY),
            ),
        ),
    ),
    actions=(APPROVE, REFUSE),
)

PAGES: Final = (LIST, PAPER)
