"""Shapes of roles and their changes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.identity.roles.domain import RoleChange
from shared.roles import Right, Role
from shared.schema import In, Out


class RoleOut(Out):
    """A role and its rights in force."""

    role: str
    level: str
    rights: list[str]

    @classmethod
    def of(cls, role: Role, rights: frozenset[Right]) -> RoleOut:
        """Build one."""
        return cls(
            role=role.value,
            level=role.level.value,
            rights=sorted(right.value for right in rights),
        )


class RolesOut(Out):
    """Every role."""

    items: list[RoleOut]


class RoleChangeIn(In):
    """The rights that a role shall have, all of them."""

    role: Role
    rights: Annotated[list[Right], Field(max_length=len(Right))]
    why: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class RoleDecisionIn(In):
    """A decision on a change."""

    decision: Literal["approved", "refused"]


class RoleChangeOut(Out):
    """A change of a role's rights."""

    id: UUID
    role: str
    rights: list[str]
    why: str
    status: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None

    @classmethod
    def of(cls, change: RoleChange) -> RoleChangeOut:
        """Build one."""
        return cls(
            id=change.id,
            role=change.role.value,
            rights=sorted(right.value for right in change.rights),
            why=change.why,
            status=change.status.value,
            proposed_by=change.proposed_by,
            proposed_at=change.proposed_at,
            decided_by=change.decided_by,
        )
