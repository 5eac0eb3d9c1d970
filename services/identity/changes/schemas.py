"""Shapes of changes of people and clients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from services.identity.changes.domain import PrincipalChange
from services.identity.changes.flows.change import NewSecret
from services.identity.message_keys.domain import KID_PATTERN
from services.identity.principals.domain import NAME_PATTERN, SUBJECT_PATTERN
from shared.roles import CENTRE, Role
from shared.schema import Code, In, Out
from shared.security.message_keys import MessageAlgorithm
from shared.security.tokens import UNITS_MAX

_Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
_Text = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
_Subject = Annotated[str, StringConstraints(pattern=SUBJECT_PATTERN)]
_Why = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
]
_Units = Annotated[
    list[Annotated[str, StringConstraints(max_length=18)]],
    Field(max_length=UNITS_MAX),
]
_Member = Annotated[str, StringConstraints(max_length=2000)]
_Jwk = Annotated[
    dict[_Member, _Member | Annotated[list[_Member], Field(max_length=10)]],
    Field(max_length=20, examples=[{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS…"}]),
]
_Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC)),
]
_Hours = Annotated[int, Field(ge=0, le=24 * 30)]


class PersonIn(In):
    """A person to be added."""

    name: _Name
    display: _Text
    organisation: _Text | None = None
    role: Role
    district: Code = CENTRE
    provider_subject: _Subject | None = None
    why: _Why


class ClientIn(In):
    """A client to be added: of a machine, with its organisation; or of a person, with its person.

    A portal lists its `units`, or says `every_unit`. With a `public_key` the client signs
    assertions (private_key_jwt) and has no secret.
    """

    name: _Name
    display: _Text = ""
    organisation: _Text | None = None
    person: _Name | None = None
    role: Role
    district: Code = CENTRE
    units: _Units | None = None
    every_unit: bool = False
    public_key: _Jwk | None = None
    why: _Why


class AssignmentIn(In):
    """The role, district and units that a person or a client shall have, all of them."""

    role: Role
    district: Code = CENTRE
    units: _Units | None = None
    every_unit: bool = False
    why: _Why


class ProviderLinkIn(In):
    """A person's account at the site's OpenID provider; null ends the link."""

    provider_subject: _Subject | None
    why: _Why


class ReasonIn(In):
    """The reason of a change."""

    why: _Why


class RotationIn(In):
    """A new secret for a client, or its new public key; the old one still counts for a while."""

    overlap_hours: _Hours = 24
    public_key: _Jwk | None = None
    why: _Why


class MessageKeyIn(In):
    """A public key (JWK) that a client signs its messages with.

    Without `kid`, the thumbprint (RFC 7638) is its name. The client's keys of before still count
    for `overlap_hours` once this one does.
    """

    client: _Name
    algorithm: MessageAlgorithm
    public_key: _Jwk
    kid: Annotated[str, StringConstraints(pattern=KID_PATTERN)] | None = None
    valid_from: _Moment | None = None
    valid_until: _Moment | None = None
    overlap_hours: _Hours = 24
    why: _Why


class PrincipalDecisionIn(In):
    """A decision on a change."""

    decision: Literal["approved", "refused"]


class NewSecretOut(Out):
    """A secret that is shown once: `password`, `client_secret`, or the `thumbprint` of a key."""

    kind: str
    value: str


class PrincipalChangeOut(Out):
    """A change of a person or a client.

    `content` is JSON: the powers that it shall have, or the new key. `secret` is shown once, to
    the approver; a repeat of the request does not show it. `alone` marks the operator and set-up.
    """

    id: UUID
    kind: str
    principal: str
    content: dict[str, Any]
    why: str
    status: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    alone: bool
    factor_given_at: datetime | None
    secret: NewSecretOut | None = None

    @classmethod
    def of(cls, change: PrincipalChange, secret: NewSecret | None = None) -> PrincipalChangeOut:
        """Build one."""
        return cls(
            id=change.id,
            kind=change.kind.value,
            principal=change.principal,
            content=dict(change.content),
            why=change.why,
            status=change.status.value,
            proposed_by=change.proposed_by,
            proposed_at=change.proposed_at,
            decided_by=change.decided_by,
            decided_at=change.decided_at,
            alone=change.alone,
            factor_given_at=change.factor_given_at,
            secret=secret and NewSecretOut(kind=secret.kind, value=secret.value),
        )


class SecondFactorOut(Out):
    """The address (otpauth://) of a second factor; null in the answer to a repeated request."""

    address: str | None
