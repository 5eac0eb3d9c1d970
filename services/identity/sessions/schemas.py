"""Shapes of sign-in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from services.identity.principals.domain import Principal
from services.identity.sessions.domain import Session
from shared.schema import In, Out

Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=128)]
SessionSecret = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
TotpCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class SignInIn(In):
    """A person's name, password and one-time code (RFC 6238)."""

    name: Name
    password: Password
    code: TotpCode


class PasswordIn(SignInIn):
    """A change of one's own password."""

    new_password: Password


class SessionIn(In):
    """A session, by its secret."""

    session: SessionSecret


class SessionOut(Out):
    """A new session. Its secret is shown this once."""

    session: str
    name: str
    display: str
    role: str
    district: str
    expires_at: Annotated[datetime, Field(description="最迟结束时间 (the latest end)")]

    @classmethod
    def of(cls, session: Session, secret: str, person: Principal) -> SessionOut:
        """Build the answer."""
        return cls(
            session=secret,
            name=person.name,
            display=person.display,
            role=person.role.value,
            district=person.district,
            expires_at=session.expires_at,
        )
