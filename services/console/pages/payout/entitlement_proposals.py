"""Proposals of one person's change: suspended, resumed, ended, moved, paid into another account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.widgets.action import Action
from services.console.widgets.field import (
    Choice,
    Day,
    District,
    Field,
    Month,
    Note,
    this_month,
    today,
)
from services.console.words import Text
from shared.roles import Right

_STOPS: Final = ("life_proof_missed", "missing", "detained", "prison", "re_employed")
_REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "suspend": (*_STOPS, "double_receipt", "other"),
    "resume": (*_STOPS, "double_receipt", "other"),
    "end": ("death", "emigration", "moved", "re_employed", "not_eligible", "duplicate", "other"),
    "move": ("residence", "district_boundary"),
    "account": ("requested", "refused_by_bank", "other"),
}
"""Reasons of each action, as shipped; a city may have others, which the API takes."""
HOLDERS: Final[Mapping[str, Text]] = {
    "guardian": ("监护人", "Guardian"),
    "institution": ("供养机构", "Institution"),
    "court_order": ("法院文书", "Court order"),
    "name_variant": ("姓名用字不同", "Name written otherwise"),
}
_AROUND: Final = frozenset({"district", "reason", "document", "note"})
_FROM: Final = Month(
    member="from", title=("自该所属期起", "From"), is_needed=True, start=this_month
)
_ACCOUNT: Final = (
    Field(member="bank_account.bank", title=("开户行", "Bank"), is_needed=True),
    Field(member="bank_account.number", title=("账号", "Account"), is_needed=True),
    Field(member="bank_account.name", title=("户名", "Account name"), is_needed=True),
    Choice(
        member="holder_reason",
        title=("户名非本人的事由", "Why the account is another's"),
        choices=HOLDERS,
    ),
)


def _propose(
    action: str, title: Text, fields: tuple[Field, ...], confirm: Text, *, is_grave: bool = False
) -> Action:
    """Return the step that proposes an action for one person; another person approves its paper."""

    def send(body: Mapping[str, Any]) -> Mapping[str, Any]:
        person = {name: value for name, value in body.items() if name not in _AROUND}
        around = {name: value for name, value in body.items() if name in _AROUND}
        return {"action": action, **around, "people": [person]}

    return Action(
        title=title,
        door="payout:/v1/entitlement-changes",
        right=Right.REGISTER_ENTITLEMENT,
        fields=(
            District(is_needed=True),
            Field(member="identity_number", title=("证件号", "Identity number"), is_needed=True),
            Choice(
                member="reason",
                title=("事由", "Reason"),
                choices={code: codes.REASONS[code] for code in _REASONS[action]},
                is_needed=True,
            ),
            *fields,
            Field(member="document", title=("依据文书", "Document"), is_needed=True),
            Note(member="note", title=("说明", "Note")),
        ),
        send=send,
        confirm=confirm,
        done=("已提出,待另一人批准", "Proposed; another person approves"),
        is_grave=is_grave,
        after=lambda answer: f"/entitlement-changes/{answer['id']}",
    )


PROPOSALS: Final = (
    _propose(
        "suspend",
        ("停发", "Suspend"),
        (_FROM,),
        ("提出一人停发,另一人批准后生效。", "Propose to suspend one person; another approves."),
        is_grave=True,
    ),
    _propose(
        "resume",
        ("恢复发放", "Resume"),
        (_FROM,),
        (
            "提出一人恢复发放,事由填停发的事由;批准后下一次发放补发应发月份。",
            "Propose to resume one person, for the reason of the stop; the next run pays what is due.",
        ),
    ),
    _propose(
        "end",
        ("终止", "End"),
        (
            Day(
                member="event_on",
                title=("事件发生日", "Day of the event"),
                is_needed=True,
                start=today,
            ),
        ),
        (
            "提出一人待遇终止,另一人批准后生效;已多发的月份列入追回。",
            "Propose the end for one person; another approves, and what was paid after it is to be"
            " recovered.",
        ),
        is_grave=True,
    ),
    _propose(
        "move",
        ("转移", "Move"),
        (_FROM,),
        ("提出一人转入该分中心,另一人批准。", "Propose one person's move here; another approves."),
    ),
    _propose(
        "account",
        ("变更账户", "Change the account"),
        _ACCOUNT,
        (
            "提出变更一人的收款账户,另一人批准;为防冒领,首次发放仍付原账户。",
            "Propose another account for one person; another approves. The first run still pays the"
            " old one.",
        ),
    ),
)
