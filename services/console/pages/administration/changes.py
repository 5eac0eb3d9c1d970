"""Changes of people, clients and roles: one administrator proposes, another decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.pages.administration.people import CHANGES, PRINCIPALS
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage
from services.console.widgets.rules import RulesPage
from services.console.words import Text
from shared.roles import Right

_DOOR: Final = "identity:/v1/principal-changes/{id}"
_READERS: Final = (Right.READ_IDENTITY, Right.MANAGE_IDENTITY)
_MAKES_SECRET: Final = frozenset({"add", "reset", "rotate"})


def _waits(paper: Mapping[str, Any]) -> bool:
    return bool(paper["status"] == "proposed")


def _makes_secret(paper: Mapping[str, Any]) -> bool:
    return _waits(paper) and paper["kind"] in _MAKES_SECRET


def _makes_none(paper: Mapping[str, Any]) -> bool:
    return _waits(paper) and not _makes_secret(paper)


def _gives_factor(paper: Mapping[str, Any]) -> bool:
    """A person who was added or reset has a second factor, which the proposer takes once."""
    of_person = paper["kind"] == "reset" or paper["content"].get("kind") == "person"
    return bool(
        of_person
        and paper["kind"] in {"add", "reset"}
        and paper["status"] == "approved"
        and not paper["alone"]
        and paper["factor_given_at"] is None
    )


def _decision(
    decision: str, door: str, what: Text, when: Callable[[Mapping[str, Any]], bool] = _waits
) -> Action:
    """Return the step that decides; the same sentence says what is decided."""
    approves = decision == "approved"
    verb: Text = ("批准", "Approve") if approves else ("不予批准", "Refuse")
    return Action(
        title=verb,
        door=f"{door}/decisions",
        right=Right.MANAGE_IDENTITY,
        when=when,
        body=lambda _: {"decision": decision},
        told=lambda paper: {"count": len(paper.get("rights", ()))},
        confirm=(f"{verb[0]}:{what[0]}。", f"{verb[1]}: {what[1]}."),
        done=("已批准", "Approved") if approves else ("不予批准", "Refused"),
        is_grave=not approves,
    )


_CHANGE: Final = (
    Column("kind", ("事项", "Change"), names=codes.IDENTITY_CHANGES),
    Column("why", ("理由", "Reason")),
    Column("proposed_by", ("提出", "Proposed by")),
    Column("decided_by", ("决定", "Decided by")),
)
LIST: Final = ListPage(
    path="/principal-changes",
    title=("人员变更", "Changes of people and clients"),
    area=Area.ADMINISTRATION,
    order=20,
    rights=_READERS,
    door="identity:/v1/principal-changes",
    filters=(Choice(member="status", title=("状态", "Status"), choices=CHANGES),),
    columns=(
        Column(
            "proposed_at", ("提出时间", "Proposed at"), Kind.TIME, link="/principal-changes/{id}"
        ),
        Column("principal", ("用户名", "Name"), Kind.CODE),
        *_CHANGE,
        Column("status", ("状态", "Status"), names=CHANGES),
    ),
)
_WHOM: Final[Text] = ("{principal} 1 个,理由 {why}", "{principal}, one, for {why}")
APPROVE_WITH_SECRET: Final = Action(
    title=("批准", "Approve"),
    door=f"{_DOOR}/decisions",
    right=Right.MANAGE_IDENTITY,
    when=_makes_secret,
    body=lambda _: {"decision": "approved"},
    confirm=(
        "批准:{principal} 1 个,理由 {why}。初始密码或密钥只显示这一次,请当面转交。",
        "Approve: {principal}, one, for {why}. The first password or secret is shown once; hand it over.",
    ),
    done=(
        "已批准。{principal} 的初始密码或密钥(只显示一次):{secret.value}",
        "Approved. First password or secret of {principal}, shown once: {secret.value}",
    ),
)
TAKE_FACTOR: Final = Action(
    title=("领取动态码地址", "Take the second factor"),
    door=f"{_DOOR}/second-factors",
    right=Right.MANAGE_IDENTITY,
    when=_gives_factor,
    confirm=(
        "领取 {principal} 的动态码地址:只由提出人领取一次,请当面转交。",
        "Take the second factor of {principal}: the proposer may, once; hand it over.",
    ),
    done=("动态码地址(只显示一次):{address}", "Second factor, shown once: {address}"),
)
PAPER: Final = PaperPage(
    path="/principal-changes/{change}",
    title=("人员变更", "Change of a person or client"),
    area=Area.ADMINISTRATION,
    rights=_READERS,
    door="identity:/v1/principal-changes/{change}",
    status=None,
    fields=(
        Column("principal", ("用户名", "Name"), Kind.CODE),
        Column("status", ("状态", "Status"), names=CHANGES),
        *_CHANGE,
        Column("proposed_at", ("提出时间", "Proposed at"), Kind.TIME),
        Column("decided_at", ("决定时间", "Decided at"), Kind.TIME),
        Column("content.display", ("姓名", "Display")),
        Column("content.kind", ("种类", "Kind"), names=PRINCIPALS),
        Column("content.role", ("角色", "Role"), Kind.ROLE),
        Column("content.district", ("分中心", "District"), Kind.DISTRICT),
        Column("content.organisation", ("单位", "Organisation")),
        Column("content.person", ("责任人", "Person behind it")),
        Column("content.provider_subject", ("外部账号", "Account at the provider")),
        Column("factor_given_at", ("动态码领取", "Second factor taken"), Kind.TIME),
    ),
    actions=(
        APPROVE_WITH_SECRET,
        _decision("approved", _DOOR, _WHOM, _makes_none),
        _decision("refused", _DOOR, _WHOM),
        TAKE_FACTOR,
    ),
)
_ROLE: Final = (
    Column("role", ("角色", "Role"), Kind.ROLE),
    Column("rights", ("权限", "Rights"), of=lambda row: " ".join(row["rights"])),
    Column("why", ("理由", "Reason")),
    Column("proposed_by", ("提出", "Proposed by")),
)
_OF_ROLE: Final[Text] = ("该角色改为 {count} 项权限", "the role has {count} rights")
ROLES: Final = RulesPage(
    path="/role-changes",
    title=("角色变更", "Changes of roles"),
    area=Area.ADMINISTRATION,
    order=35,
    rights=_READERS,
    door="identity:/v1/role-changes",
    waiting=None,
    waiting_status="proposed",
    columns=(
        *_ROLE,
        Column("decided_by", ("决定", "Decided by")),
        Column("status", ("状态", "Status"), names=CHANGES),
    ),
    waiting_columns=_ROLE,
    decisions=tuple(
        _decision(one, "identity:/v1/role-changes/{id}", _OF_ROLE)
        for one in ("approved", "refused")
    ),
)

PAGES: Final = (LIST, PAPER, ROLES)
