"""Rights of roles as data: which changes are possible, and that two people make one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.errors import Fault, NotFound, StateConflict
from shared.roles import RIGHTS, STEPS_OF_ONE_PAPER, Right, Role
from shared.security.identity import OWN_CLIENTS

_IDENTITY: Final = frozenset({Right.READ_IDENTITY, Right.MANAGE_IDENTITY})
_OF_MACHINES: Final = frozenset().union(
    *(rights for role, rights in RIGHTS.items() if not role.is_person)
)
_OF_PEOPLE: Final = frozenset().union(
    *(rights for role, rights in RIGHTS.items() if role.is_person)
)


class RoleChangeStatus(StrEnum):
    """The status of a change."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


class RoleChangeUnknown(NotFound):
    """没有此角色变更 (no such change of a role)"""

    code = "ROLE_CHANGE_UNKNOWN"


class RoleChangeDecided(StateConflict):
    """此变更已有决定 (this change has been decided)"""

    code = "ROLE_CHANGE_DECIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A proposal that a role has these rights, instead of those that it has."""

    id: UUID
    role: Role
    rights: frozenset[Right]
    why: str
    proposed_by: str
    proposed_at: datetime
    status: RoleChangeStatus = RoleChangeStatus.PROPOSED
    decided_by: str | None = None


def faults_in(role: Role, rights: frozenset[Right]) -> list[Fault]:
    """List why a role cannot have these rights.

    A machine gets no person's right, a supervisor only reads, nobody has two steps of one paper,
    and whoever manages identities does nothing else.
    """
    return [Fault("/rights", code, message) for code, message in _faults(role, rights)]


def _faults(role: Role, rights: frozenset[Right]) -> Iterator[tuple[str, str]]:
    if role.value in OWN_CLIENTS or role is Role.IDENTITY_ADMIN:
        yield "ROLE_FIXED", "此角色的权限不可变更 (the rights of this role are fixed)"
        return
    if rights & _IDENTITY - {Right.READ_IDENTITY}:
        yield (
            "RIGHT_UNFIT",
            "身份管理权限只属于身份管理员 (only the identity admin manages identities)",
        )
    if not rights <= (_OF_PEOPLE if role.is_person else _OF_MACHINES):
        yield "RIGHT_UNFIT", "人员与机器的权限不得互换 (people's and machines' rights are apart)"
    if role is Role.SUPERVISOR and not all(right.value.endswith(":read") for right in rights):
        yield "RIGHT_UNFIT", "监督只能查看 (a supervisor only reads)"
    for steps in STEPS_OF_ONE_PAPER:
        if len(rights & steps) > 1:
            names = ", ".join(sorted(right.value for right in rights & steps))
            yield "STEPS_TOGETHER", f"同一单据的两个环节不得合一 (two steps of one paper): {names}"
