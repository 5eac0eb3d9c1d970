"""Corrections of periods of cover (参保期更正) at one unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Day, Field, Note
from services.console.widgets.listing import ListPage
from shared.roles import Right


def _right(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say that the period goes on where no last day was typed."""
    return {**body, "right": {"left_on": None, **body["right"]}}


CORRECT: Final = Action(
    title=("更正参保期", "Correct a period of cover"),
    door="collection:/v1/units/{credit_code}/cover-corrections",
    right=Right.REGISTER,
    when=lambda address: "credit_code" in address,
    fields=(
        Field(member="identity_number", title=("证件号", "Identity number"), is_needed=True),
        Day(member="joined_on", title=("现登记的参保日", "Registered first day"), is_needed=True),
        Day(member="right.joined_on", title=("正确的参保日", "Right first day"), is_needed=True),
        Day(
            member="right.left_on",
            title=("正确的减员日,空为继续参保", "Right last day; empty: it goes on"),
        ),
        Note(member="reason", title=("理由", "Reason"), is_needed=True),
        Field(member="document", title=("依据文书", "Document")),
    ),
    send=_right,
    confirm=(
        "更正该单位一人的一段参保期,随即生效;已申报的月份不变,须另办更正申报。",
        "Correct one period of one person at this unit, at once. Months that were declared stay as"
        " they are and take a correction of the declaration.",
    ),
    done=(
        "已更正。须另办更正申报的月份:{levied_periods}",
        "Corrected. Declared months that take a correction: {levied_periods}",
    ),
)
LIST: Final = ListPage(
    path="/cover-corrections",
    title=("参保期更正", "Corrections of cover"),
    area=Area.WORK,
    order=47,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/units/{credit_code}/cover-corrections",
    filters=(
        Field(member="credit_code", title=("统一社会信用代码", "Credit code"), is_needed=True),
    ),
    columns=(
        Column("name", ("姓名", "Name"), link="/people/{person}"),
        Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
        Column("before.joined_on", ("原参保日", "First day before"), Kind.DAY),
        Column("before.left_on", ("原减员日", "Last day before"), Kind.DAY),
        Column("after.joined_on", ("参保日", "First day"), Kind.DAY),
        Column("after.left_on", ("减员日", "Last day"), Kind.DAY),
        Column("reason", ("理由", "Reason")),
        Column("document", ("依据文书", "Document")),
        Column("corrected_at", ("更正时间", "Corrected"), Kind.TIME),
    ),
    actions=(CORRECT,),
)

PAGES: Final = (LIST,)
