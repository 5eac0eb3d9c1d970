"""Life proofs (资格认证): who must prove, a proof recorded, and one paper for all who missed or proved late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Field, Month, this_month, today
from services.console.widgets.listing import ListPage
from services.console.words import Text
from shared.roles import Right

LIFE_PROOFS: Final[Mapping[str, Text]] = {
    "given": ("已认证", "Proved"),
    "due": ("待认证", "Due"),
    "missed": ("逾期未认证", "Missed"),
}
CHANNELS: Final[Mapping[str, Text]] = {
    "counter": ("窗口", "Counter"),
    "self_service": ("自助", "Self-service"),
    "data": ("数据比对", "Data"),
    "home_visit": ("上门", "Home visit"),
    "agent": ("委托", "Agent"),
    "abroad": ("境外", "Abroad"),
}
_DISTRICT: Final = District(is_needed=True)
_DOCUMENT: Final = Field(member="document", title=("依据文书", "Document"), is_needed=True)


def _one_proof(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the person's proof into the list that the door takes."""
    around = {"district", "channel"}
    proof = {name: value for name, value in body.items() if name not in around}
    return {**{name: body[name] for name in around}, "proofs": [proof]}


RECORD: Final = Action(
    title=("登记认证", "Record a proof"),
    door="payout:/v1/life-proofs",
    right=Right.REGISTER_ENTITLEMENT,
    fields=(
        _DISTRICT,
        Choice(member="channel", title=("方式", "Channel"), choices=CHANNELS, is_needed=True),
        Field(member="identity_number", title=("证件号", "Identity number"), is_needed=True),
        Day(member="proved_on", title=("认证日", "Proved on"), is_needed=True, start=today),
        Field(member="document", title=("凭证", "Document")),
    ),
    send=_one_proof,
    confirm=("登记一人的资格认证。", "Record the proof of one person."),
    done=("已登记", "Recorded"),
)
SUSPEND: Final = Action(
    title=("停发逾期未认证", "Suspend who missed it"),
    door="payout:/v1/life-proof-suspensions",
    right=Right.REGISTER_ENTITLEMENT,
    fields=(
        _DISTRICT,
        Month(member="from", title=("自该所属期起停发", "From"), is_needed=True, start=this_month),
        _DOCUMENT,
    ),
    confirm=(
        "对该分中心全部逾期未认证的人员提出停发;另一人批准前补认证的不停发。",
        "Propose to suspend all of the district who missed their proof; who proves before another"
        " person approves is left out.",
    ),
    done=("已提出:{lines} 人,待另一人批准", "Proposed for {lines} people; another person approves"),
    is_grave=True,
    after=lambda answer: f"/entitlement-changes/{answer['id']}",
)
RESUME: Final = Action(
    title=("补认证恢复发放", "Resume who proved late"),
    door="payout:/v1/life-proof-resumptions",
    right=Right.REGISTER_ENTITLEMENT,
    fields=(_DISTRICT, _DOCUMENT),
    confirm=(
        "对该分中心全部已补认证的人员提出恢复;批准后下一次发放补发应发月份。",
        "Propose to resume all of the district who proved late; the next run pays what is due again.",
    ),
    done=("已提出:{lines} 人,待另一人批准", "Proposed for {lines} people; another person approves"),
    after=lambda answer: f"/entitlement-changes/{answer['id']}",
)
PROOFS: Final = ListPage(
    path="/life-proofs",
    title=("资格认证", "Life proofs"),
    area=Area.PAYOUT,
    order=90,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/life-proof-reminders",
    filters=(Choice(member="state", title=("状态", "State"), choices=LIFE_PROOFS), District()),
    columns=(
        Column("name", ("姓名", "Name")),
        Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("due", ("应认证月", "Due")),
        Column("last_proved_on", ("上次认证", "Last proved"), Kind.DAY),
        Column("state", ("状态", "State"), names=LIFE_PROOFS),
    ),
    actions=(RECORD, SUSPEND, RESUME),
)

PAGES: Final = (PROOFS,)
