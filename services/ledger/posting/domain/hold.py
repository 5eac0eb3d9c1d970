"""Holds (预留): money set aside on an account with a floor until a payout's outcome is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from shared.references import Reference


class MovementKind(StrEnum):
    """What happened to a hold."""

    DRAW = "draw"
    RELEASE = "release"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold and what remains of it."""

    id: UUID
    source: str
    event_id: str
    fund: str
    account: str
    amount_fen: int
    remaining_fen: int
    summary: str
    expires_on: date | None

    @property
    def status(self) -> str:
        """ "pending" while something remains, then "closed"."""
        return "pending" if self.remaining_fen else "closed"

    @property
    def body_hash(self) -> bytes:
        """SHA-256 of what was asked, for telling a repeat from another request."""
        asked = (self.fund, self.account, self.amount_fen, self.summary, self.expires_on)
        return hashlib.sha256(repr(asked).encode()).digest()

    def differences(self, other: Hold) -> list[str]:
        """JSON pointers of the asked fields in which two holds differ."""
        pairs = (
            ("fund", self.fund, other.fund),
            ("account", self.account, other.account),
            ("amount", self.amount_fen, other.amount_fen),
            ("summary", self.summary, other.summary),
            ("expires_on", self.expires_on, other.expires_on),
        )
        return [f"/{name}" for name, mine, theirs in pairs if mine != theirs]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldMovement:
    """One movement on a hold, append-only. `seq` is the voucher's when it was drawn upon.

    `asked_fen` is what a release asked for: None for all that remained.
    """

    hold_id: UUID
    kind: MovementKind
    amount_fen: int
    remaining_fen: int
    source: str
    event_id: str
    seq: int | None = None
    asked_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRelease:
    """Asked: give back part of a hold, or (None) all that remains."""

    hold_id: UUID
    source: str
    event_id: str
    amount_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRelease:
    """Asked: give back all that remains of these holds, in one event."""

    hold_ids: tuple[UUID, ...]
    source: str
    event_id: str


def hold_uuid(text: str) -> UUID | None:
    """The uuid in a hold's identifier ("hld_…" with the centre's key 0), or None."""
    prefix, _, digits = text.partition("_")
    if prefix != Reference.HOLD or len(digits) != 48 or digits[:16] != "0" * 16:
        return None
    try:
        return UUID(digits[16:])
    except ValueError:
        return None
