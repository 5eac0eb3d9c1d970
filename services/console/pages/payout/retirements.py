"""Around the approval of retirements: who is kept back, meetings with their posting, provisional pensions."""

from __future__ import annotations

from typing import Final

from services.console.page import Area
from services.console.pages.payout.entitlements import BLOCKS
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Day, District, Field, Words
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from shared.roles import Right

CHECK: Final = Action(
    title=("重新核查", "Check again"),
    door="payout:/v1/qualification-checks",
    right=Right.REGISTER_ENTITLEMENT,
    fields=(
        District(is_needed=True),
        Words(
            member="qualifications", title=("申请号,不填为最久未核的", "Applications; none: oldest")
        ),
    ),
    confirm=(
        "按现有记录重新核查;结果有变的,原签字作废。",
        "Read the records again; where the result changes, its signatures are void.",
    ),
    done=("已核查", "Checked"),
)
BLOCKED: Final = ListPage(
    path="/qualification-blocks",
    title=("退休受阻", "Kept from retiring"),
    area=Area.PAYOUT,
    order=56,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/qualification-blocks",
    is_paged=False,
    filters=(District(),),
    columns=(
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("reason", ("原因", "Reason"), names=BLOCKS),
        Column("people", ("人数", "People"), Kind.NUMBER),
        Column("oldest_check", ("最早核查", "Oldest check"), Kind.DAY),
        Column("text", ("说明", "Text")),
    ),
    actions=(CHECK,),
)
_MEETING: Final = (
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("held_on", ("会审日", "Held on"), Kind.DAY),
    Column("held_by", ("主持", "Held by")),
    Column("document", ("纪要", "Minutes")),
    Column("people", ("人数", "People"), Kind.NUMBER),
    Column("posted_until", ("公示至", "Posted until"), Kind.DAY),
)


def _within(column: Column) -> Column:
    return Column(f"meeting.{column.member}", column.title, column.kind)


MEETINGS: Final = ListPage(
    path="/qualification-meetings",
    title=("退休会审", "Meetings"),
    area=Area.PAYOUT,
    order=57,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/qualification-meetings",
    filters=(District(),),
    columns=(
        Column("id", ("会审", "Meeting"), Kind.CODE, link="/qualification-meetings/{id}"),
        *_MEETING,
    ),
    actions=(
        Action(
            title=("登记会审", "Hold a meeting"),
            door="payout:/v1/qualification-meetings",
            right=Right.SIGN_THIRD,
            fields=(
                District(is_needed=True),
                Day(member="held_on", title=("会审日", "Held on"), is_needed=True),
                Field(member="document", title=("纪要", "Minutes"), is_needed=True),
                Words(member="qualifications", title=("申请号", "Applications"), is_needed=True),
            ),
            confirm=(
                "所列申请全部通过会审并开始发放,人员公示;有一份不能通过则全部不通过。",
                "Approve all of them and open their pensions, or none; the people are posted.",
            ),
            done=("已登记", "Held"),
            after=lambda answer: f"/qualification-meetings/{answer['id']}",
        ),
    ),
)
MEETING: Final = PaperPage(
    path="/qualification-meetings/{meeting_id}",
    title=("退休会审", "Meeting"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/qualification-meetings/{meeting_id}/posting",
    prints="payout:/v1/qualification-meetings/{meeting_id}/posting/print",
    status=None,
    fields=tuple(map(_within, _MEETING)),
    parts=(
        Part(
            title=("公示名单", "Posting"),
            member="people",
            columns=(
                Column("name", ("姓名", "Name")),
                Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
                Column("retirement_month", ("退休月", "Retires in")),
                Column("paid_months", ("缴费月数", "Months paid"), Kind.NUMBER),
                Column("objections", ("异议", "Objections"), Kind.NUMBER),
                Column(
                    "qualification",
                    ("申请", "Application"),
                    Kind.CODE,
                    link="/qualifications/{qualification}",
                ),
            ),
        ),
    ),
)
PROVISIONAL: Final = ListPage(
    path="/provisional-pensions",
    title=("暂发养老金", "Provisional pensions"),
    area=Area.PAYOUT,
    order=58,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/provisional-pensions",
    filters=(District(is_needed=True),),
    columns=(
        Column("name", ("姓名", "Name")),
        Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("from", ("起发月", "From")),
        Column("monthly_amount", ("月养老金(元)", "Monthly, yuan"), Kind.MONEY),
        Column(
            "qualification",
            ("申请", "Application"),
            Kind.CODE,
            link="/qualifications/{qualification}",
        ),
    ),
)

PAGES: Final = (BLOCKED, MEETINGS, MEETING, PROVISIONAL)
