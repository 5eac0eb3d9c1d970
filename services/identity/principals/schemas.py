"""Shapes of principals."""

from __future__ import annotations

from services.identity.principals.domain import Principal
from shared.schema import Out


class PrincipalOut(Out):
    """A person or a client. Credentials are never shown."""

    name: str
    kind: str
    display: str
    organisation: str | None
    person: str | None
    role: str
    district: str
    units: list[str] | None
    provider_subject: str | None
    state: str

    @classmethod
    def of(cls, found: Principal) -> PrincipalOut:
        """Build one."""
        return cls(
            name=found.name,
            kind=found.kind.value,
            display=found.display,
            organisation=found.organisation,
            person=found.person,
            role=found.role.value,
            district=found.district,
            units=None if found.units is None else list(found.units),
            provider_subject=found.provider_subject,
            state=found.state.value,
        )
