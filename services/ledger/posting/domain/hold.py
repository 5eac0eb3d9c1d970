"""Holds (预留): money set aside on an account with a floor until a payout's outcome is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.ledger.common.domain.slot import CENTRE_SLOT
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference

PAID_FROM_HOLDS: Final = frozenset({"payment"})
"""Kinds of vouchers that spend held money only."""


class MovementKind(StrEnum):
    """Kind of a movement on a hold."""

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
        """Return "pending" while something remains, then "closed"."""
        return "pending" if self.remaining_fen else "closed"

    @property
    def body_hash(self) -> bytes:
        """Hash the requested content with SHA-256, to tell a repeat from another request."""
        content = (self.fund, self.account, self.amount_fen, self.summary, self.expires_on)
        return hashlib.sha256(repr(content).encode()).digest()

    def differences(self, other: Hold) -> list[str]:
        """List the JSON pointers of the fields in which two holds differ."""
        pairs = (
            ("fund", self.fund, other.fund),
            ("account", self.account, other.account),
            ("amount", self.amount_fen, other.amount_fen),
            ("summary", self.summary, other.summary),
            ("expires_on", self.expires_on, other.expires_on),
        )
        return [f"/{name}" for name, mine, theirs in pairs if mine != theirs]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHold:
    """A hold that still keeps money, and the day on which it was made."""

    id: UUID
    fund: str
    remaining_fen: int
    made_on: date
    summary: str

    def __str__(self) -> str:
        """Name the hold in a refusal; the summary names its payment batch."""
        reference = Ref(CENTRE_SLOT, self.id).text(Reference.HOLD)
        amount = format_yuan(self.remaining_fen)
        return f"{self.fund}: {amount}, since {self.made_on}: {reference} {self.summary}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldMovement:
    """A movement on a hold, append-only. `seq` is the voucher's number when a voucher drew on it.

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
    """A command to release part of a hold, or (None) all that remains."""

    hold_id: UUID
    source: str
    event_id: str
    amount_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRelease:
    """A command to release all that remains of several holds in one event."""

    hold_ids: tuple[UUID, ...]
    source: str
    event_id: str


def hold_uuid(text: str) -> UUID | None:
    """Read the uuid in a hold's identifier ("hld_…" with the centre's key 0); None if it is none."""
    prefix, _, digits = text.partition("_")
    if prefix != Reference.HOLD or len(digits) != 48 or digits[:16] != "0" * 16:
        return None
    try:
        return UUID(digits[16:])
    except ValueError:
        return None
