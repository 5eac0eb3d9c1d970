"""Flags on units and people (失信名单): two people set one or lift it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, Field, Note
from services.console.widgets.rules import RulesPage, row_decisions
from services.console.words import Text
from shared.references import Reference
from shared.roles import Right

ACTIONS: Final[Mapping[str, Text]] = {
    "set": ("列入", "Set"),
    "lift": ("移出", "Lift"),
}


def _target(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name the unit or the person: a person's reference has a prefix of its own."""
    rest = {name: value for name, value in body.items() if name != "of"}
    member = "person" if str(body["of"]).startswith(f"{Reference.PERSON}_") else "credit_code"
    return {**rest, member: body["of"]}


FLAGS: Final = RulesPage(
    path="/credit-flags",
    title=("失信标记", "Flags"),
    area=Area.WORK,
    order=88,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/credit-flags",
    about=(
        "按单位或个人查询;列入、移出均由两人办理。",
        "By unit or person; two people set a flag or lift it.",
    ),
    filters=(
        Field(
            member="of",
            title=("统一社会信用代码或个人编号", "Credit code, or person"),
            is_needed=True,
        ),
    ),
    columns=(
        Column("since", ("自", "From"), Kind.DAY),
        Column("until", ("至", "Until"), Kind.DAY),
        Column("counts", ("有效", "Counts"), Kind.YES),
        Column("basis", ("依据", "Basis")),
        Column("document", ("文书", "Document")),
        Column("inspection", ("稽核案件", "Case"), Kind.CODE, link="/inspections/{inspection}"),
        Column("set_by", ("列入", "Set by")),
        Column("lifted_by", ("移出", "Lifted by")),
        Column("lifted_on", ("移出日", "Lifted on"), Kind.DAY),
    ),
    waiting_columns=(
        Column("action", ("事项", "Action"), names=ACTIONS),
        Column("target", ("对象", "Of"), Kind.CODE),
        Column("since", ("自", "From"), Kind.DAY),
        Column("until", ("至", "Until"), Kind.DAY),
        Column("basis", ("依据", "Basis")),
        Column("document", ("文书", "Document")),
        Column("reason", ("理由", "Reason")),
        Column("filed_by", ("提出", "Filed by")),
    ),
    decisions=row_decisions(
        "collection:/v1/credit-flag-changes/{id}",
        Right.DECIDE_INSPECTION,
        ("{target},{reason}", "{target}, {reason}"),
    ),
    actions=(
        Action(
            title=("申请列入或移出", "File a change"),
            door="collection:/v1/credit-flag-changes",
            right=Right.OPEN_INSPECTION,
            fields=(
                Field(
                    member="of",
                    title=("统一社会信用代码或个人编号", "Credit code, or person"),
                    is_needed=True,
                ),
                Choice(member="action", title=("事项", "Action"), choices=ACTIONS, is_needed=True),
                Field(member="basis", title=("依据", "Basis"), is_needed=True),
                Field(member="document", title=("文书", "Document"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
                Day(member="since", title=("自", "From")),
                Day(member="until", title=("至", "Until")),
            ),
            send=_target,
            confirm=(
                "提出后由另一人批准;批准前不生效。",
                "Another person approves it; before that nothing changes.",
            ),
            done=("已提出", "Filed"),
        ),
    ),
)

PAGES: Final = (FLAGS,)
