"""Changes of people and clients: one administrator proposes, another one decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.identity.principals.domain import Principal, PrincipalKind
from shared.errors import Forbidden, Kind, NotFound, Refusal, StateConflict
from shared.roles import Role


class ChangeKind(StrEnum):
    """The kind of a change."""

    ADD = "add"
    ASSIGN = "assign"
    ENABLE = "enable"
    RESET = "reset"
    ROTATE = "rotate"
    MESSAGE_KEY = "message_key"
    LINK = "link"


class ChangeStatus(StrEnum):
    """The status of a change."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


class PrincipalChangeUnknown(NotFound):
    """没有此变更 (no such change)"""

    code = "PRINCIPAL_CHANGE_UNKNOWN"


class PrincipalChangeDecided(StateConflict):
    """此变更已有决定 (this change has been decided)"""

    code = "PRINCIPAL_CHANGE_DECIDED"


class PrincipalActive(StateConflict):
    """此人员或客户端未停用 (this person or client is not disabled)"""

    code = "PRINCIPAL_ACTIVE"


class OwnPowers(Refusal):
    """不得提出或决定本人的变更 (nobody proposes or decides a change of his own powers)"""

    kind = Kind.CONFLICT
    code = "OWN_POWERS"


class FactorUnavailable(StateConflict):
    """动态码地址只发给提出人一次,且须在批准之后、下一次重置之前 (the second factor is given once, to an approved change, until the next reset)"""

    code = "SECOND_FACTOR_UNAVAILABLE"


class ProposerOnly(Forbidden):
    """动态码地址只发给提出人:任何一人不得同时持有密码和动态码 (only the proposer gets the second factor: nobody holds both)"""

    code = "PROPOSER_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A checked proposal: it could be carried out now.

    `content` is JSON. Of an `add`, `assign` or `enable` it has the powers that the principal shall
    have; the database compares them with the row.
    """

    kind: ChangeKind
    principal: str
    content: Mapping[str, Any]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalChange:
    """A proposal on its way, or decided.

    `alone` marks those of the operator at the machine and of set-up.
    """

    id: UUID
    kind: ChangeKind
    principal: str
    content: Mapping[str, Any]
    why: str
    proposed_by: str
    proposed_at: datetime
    status: ChangeStatus = ChangeStatus.PROPOSED
    decided_by: str | None = None
    decided_at: datetime | None = None
    alone: bool = False
    factor_given_at: datetime | None = None

    def decided(self, status: ChangeStatus, by: str, at: datetime) -> PrincipalChange:
        """Return the change with its decision."""
        return replace(self, status=status, decided_by=by, decided_at=at)


def powers_in(principal: Principal) -> dict[str, Any]:
    """Write a principal as the content of a change."""
    return {
        "kind": principal.kind.value,
        "display": principal.display,
        "organisation": principal.organisation,
        "person": principal.person,
        "role": principal.role.value,
        "district": principal.district,
        "units": None if principal.units is None else list(principal.units),
        "provider_subject": principal.provider_subject,
    }


def principal_in(change: PrincipalChange) -> Principal:
    """Read the principal that a change adds, assigns or enables."""
    content = change.content
    return Principal(
        name=change.principal,
        kind=PrincipalKind(content["kind"]),
        display=content["display"],
        organisation=content["organisation"],
        person=content["person"],
        role=Role(content["role"]),
        district=content["district"],
        units=None if content["units"] is None else tuple(content["units"]),
        provider_subject=content.get("provider_subject"),
    )
