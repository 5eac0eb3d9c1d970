"""Administration: people, clients, roles, keys, events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console import codes
from services.console.names import ROLES
from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, District, Field, Note, Words, Yes
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage
from services.console.words import Text
from shared.roles import Right

STATES: Final[Mapping[str, Text]] = {
    "active": ("启用", "Active"),
    "disabled": ("停用", "Disabled"),
}
PRINCIPALS: Final[Mapping[str, Text]] = {
    "person": ("人员", "Person"),
    "client": ("客户端", "Client"),
}
CHANGES: Final[Mapping[str, Text]] = {
    "proposed": ("待批准", "Proposed"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
_WHY: Final = Note(member="why", title=("理由", "Reason"), is_needed=True)
_OFFERED: Final[Mapping[str, Text]] = {role.value: name for role, name in ROLES.items()}
_PRINCIPAL: Final = (
    Column("display", ("姓名", "Display")),
    Column("kind", ("种类", "Kind"), names=PRINCIPALS),
    Column("role", ("角色", "Role"), Kind.ROLE),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("organisation", ("单位", "Organisation")),
    Column("person", ("责任人", "Person behind it")),
    Column("provider_subject", ("外部账号", "Account at the provider")),
    Column("state", ("状态", "State"), names=STATES),
)

LIST: Final = ListPage(
    path="/principals",
    title=("人员与客户端", "People and clients"),
    area=Area.ADMINISTRATION,
    order=10,
    rights=(Right.READ_IDENTITY, Right.MANAGE_IDENTITY),
    door="identity:/v1/principals",
    filters=(Choice(member="kind", title=("种类", "Kind"), choices=PRINCIPALS),),
    columns=(
        Column("name", ("用户名", "Name"), Kind.CODE, link="/principals/{name}"),
        *_PRINCIPAL,
    ),
    actions=(
        Action(
            title=("新增人员", "Add a person"),
            door="identity:/v1/people",
            right=Right.MANAGE_IDENTITY,
            fields=(
                Field(member="name", title=("用户名", "Name"), is_needed=True),
                Field(member="display", title=("姓名", "Display"), is_needed=True),
                Choice(member="role", title=("角色", "Role"), choices=_OFFERED, is_needed=True),
                District(),
                _WHY,
            ),
            send=lambda body: {"district": "centre", **body},
            confirm=(
                "提出新增一人;另一位管理员批准后生效。",
                "Propose one person; another administrator approves.",
            ),
            done=("已提出", "Proposed"),
            after=lambda answer: "/principal-changes",
        ),
        Action(
            title=("新增客户端", "Add a client"),
            door="identity:/v1/clients",
            right=Right.MANAGE_IDENTITY,
            fields=(
                Field(member="name", title=("客户端名", "Name"), is_needed=True),
                Field(member="display", title=("显示名称", "Display")),
                Choice(member="role", title=("角色", "Role"), choices=_OFFERED, is_needed=True),
                District(),
                Field(member="organisation", title=("使用单位", "Organisation")),
                Field(member="person", title=("责任人用户名", "Person behind it")),
                Words(
                    member="units",
                    title=(
                        "可办理的单位(信用代码),一行一个",
                        "Units, by credit code, one on a line",
                    ),
                ),
                Yes(member="every_unit", title=("可办理所有单位", "Every unit")),
                _WHY,
            ),
            confirm=(
                "提出新增一个客户端;另一位管理员批准后生效,密钥只向批准人显示一次。",
                "Propose one client; another administrator approves, and sees its secret once.",
            ),
            done=("已提出", "Proposed"),
            after=lambda answer: "/principal-changes",
        ),
    ),
)
PAPER: Final = PaperPage(
    path="/principals/{name}",
    title=("人员或客户端", "Person or client"),
    area=Area.ADMINISTRATION,
    rights=(Right.READ_IDENTITY, Right.MANAGE_IDENTITY),
    door="identity:/v1/principals/{name}",
    status=None,
    fields=(Column("name", ("用户名", "Name"), Kind.CODE), *_PRINCIPAL),
    actions=(
        Action(
            title=("停用", "Disable"),
            door="identity:/v1/principals/{name}/disablements",
            right=Right.MANAGE_IDENTITY,
            when=lambda paper: paper["state"] == "active",
            confirm=(
                "停用 {display}:会话与令牌立即失效。",
                "Disable {display}: sessions and tokens end at once.",
            ),
            done=("已停用", "Disabled"),
            is_grave=True,
        ),
        Action(
            title=("重新启用", "Enable again"),
            door="identity:/v1/principals/{name}/enablements",
            right=Right.MANAGE_IDENTITY,
            when=lambda paper: paper["state"] == "disabled",
            fields=(_WHY,),
            confirm=("提出重新启用 {display}。", "Propose to enable {display} again."),
            done=("已提出", "Proposed"),
        ),
        Action(
            title=("关联外部账号", "Link to the provider"),
            door="identity:/v1/principals/{name}/provider-links",
            right=Right.MANAGE_IDENTITY,
            when=lambda paper: paper["kind"] == "person",
            fields=(
                Field(member="provider_subject", title=("外部账号", "Account at the provider")),
                _WHY,
            ),
            send=lambda body: {"provider_subject": None, **body},
            confirm=(
                "提出关联 {display} 的外部账号;空白即解除。",
                "Propose the account of {display} at the provider; blank ends the link.",
            ),
            done=("已提出", "Proposed"),
        ),
        Action(
            title=("重置密码与动态码", "Reset password and code"),
            door="identity:/v1/principals/{name}/resets",
            right=Right.MANAGE_IDENTITY,
            when=lambda paper: paper["kind"] == "person" and paper["state"] == "active",
            fields=(_WHY,),
            confirm=("提出为 {display} 重置。", "Propose a reset for {display}."),
            done=("已提出", "Proposed"),
        ),
    ),
)
ROLE_LIST: Final = ListPage(
    path="/roles",
    title=("角色与权限", "Roles and rights"),
    area=Area.ADMINISTRATION,
    order=30,
    rights=(Right.READ_IDENTITY, Right.MANAGE_IDENTITY),
    door="identity:/v1/roles",
    is_paged=False,
    columns=(
        Column("role", ("角色", "Role"), Kind.ROLE),
        Column("level", ("级别", "Level"), names=codes.LEVELS),
        Column("rights", ("权限", "Rights"), of=lambda row: " ".join(row["rights"])),
    ),
)
KEYS: Final = ListPage(
    path="/message-keys",
    title=("报文验签公钥", "Message keys"),
    area=Area.ADMINISTRATION,
    order=40,
    rights=(Right.READ_IDENTITY, Right.MANAGE_IDENTITY),
    door="identity:/v1/message-keys",
    columns=(
        Column("kid", ("公钥", "Key"), Kind.CODE),
        Column("client", ("客户端", "Client")),
        Column("algorithm", ("算法", "Algorithm")),
        Column("valid_from", ("自", "From"), Kind.TIME),
        Column("valid_until", ("至", "Until"), Kind.TIME),
        Column("registered_by", ("登记", "Registered by")),
        Column("revoked_at", ("撤销", "Revoked at"), Kind.TIME),
    ),
)
EVENTS: Final = ListPage(
    path="/identity-events",
    title=("登录与身份事件", "Sign-ins and identity events"),
    area=Area.ADMINISTRATION,
    order=50,
    rights=(Right.READ_IDENTITY, Right.MANAGE_IDENTITY),
    door="identity:/v1/events",
    filters=(
        Field(member="principal", title=("用户名", "Name")),
        Choice(member="kind", title=("事件", "Event"), choices=codes.IDENTITY_EVENTS),
    ),
    columns=(
        Column("at", ("时间", "Time"), Kind.TIME),
        Column("principal", ("用户名", "Name")),
        Column("kind", ("事件", "Event"), names=codes.IDENTITY_EVENTS),
        Column("by", ("操作人", "By")),
    ),
)

PAGES: Final = (LIST, PAPER, ROLE_LIST, KEYS, EVENTS)
