"""The values of one round of a slot's writer: what is asked, what is known, what was decided.

A decision says what to write and what to answer; it becomes true only when the store has written
it against the very revision of the slot that it was made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from uuid import UUID

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.hold import Hold, Movement, Release, ReleaseAll
from services.ledger.posting.domain.reversal import Remaining
from services.ledger.posting.domain.voucher import SHA256, Draft

FundAccount: TypeAlias = tuple[str, str]
EventKey: TypeAlias = tuple[str, str]
"""(source, event id)."""


@dataclass(frozen=True, slots=True)
class Post:
    """Asked: book a draft. `refusal` is what the check without balances found already.

    `tell_floors` asks for the balances of the accounts with a floor that it touches.
    """

    draft: Draft
    refusal: LedgerRefusal | None = None
    tell_floors: bool = False


Ask: TypeAlias = Post | Hold | Release | ReleaseAll


@dataclass(frozen=True, slots=True)
class Unit:
    """Asks that are decided all or none (unless not `together`); most units hold one ask.

    A `rehearsed` unit is judged like any other, after what comes before it, and leaves no trace.
    """

    asks: tuple[Ask, ...]
    together: bool = True
    rehearsed: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """An account with a floor right after a voucher: its balance, and what holds keep of it."""

    fund: str
    account: str
    balance_fen: int
    held_fen: int


@dataclass(frozen=True, slots=True)
class Booked:
    """A voucher in the books; of a `rehearsed` one neither place nor hash will ever be."""

    slot: int
    seq: int
    hash: bytes
    replayed: bool
    floors: tuple[Floor, ...] = ()
    rehearsed: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as it stands."""

    hold: Hold
    replayed: bool


@dataclass(frozen=True, slots=True)
class HeldAll:
    """Holds as they stand after they were given back together."""

    holds: tuple[Hold, ...]
    replayed: bool


Outcome: TypeAlias = Booked | Held | HeldAll | LedgerRefusal


@dataclass(frozen=True, slots=True)
class KnownVoucher:
    """An event that is booked. `first` is loaded when the body asked for now is another."""

    booked: Booked
    body_hash: bytes
    first: Draft | None = None


@dataclass(frozen=True, slots=True)
class KnownRefusal:
    """An event that met a pinned refusal."""

    refusal: LedgerRefusal
    body_hash: bytes
    first: Draft | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the books already say about the asks of a round."""

    events: Mapping[EventKey, KnownVoucher | KnownRefusal] = field(default_factory=dict)
    holds: Mapping[EventKey, Hold] = field(default_factory=dict)
    """Holds by the event that made them."""
    holds_by_id: Mapping[UUID, Hold] = field(default_factory=dict)
    """Every hold that a release names, closed ones too."""
    releases: Mapping[EventKey, tuple[Movement, ...]] = field(default_factory=dict)
    remaining: Mapping[int, Remaining] = field(default_factory=dict)
    """Sequence number of each voucher to be reversed → what is left of it to take back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """A slot at one revision: head of the chain and, in the centre's slot, floors and holds."""

    slot: int
    revision: int
    seq: int
    hash: bytes
    balances: Mapping[FundAccount, int] = field(default_factory=dict)
    holds: Mapping[UUID, Hold] = field(default_factory=dict)
    algorithm: str = SHA256
    """Hash function of the chain."""
    closed_until: date | None = None
    """Last closed day: what is dated then or earlier is refused."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A draft with its place in the chain."""

    draft: Draft
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """What one round writes and answers."""

    before: SlotState
    after: SlotState
    outcomes: tuple[tuple[Outcome, ...], ...]
    posted: Sequence[Posted]
    pinned: Sequence[tuple[Draft, LedgerRefusal]]
    held: Sequence[Hold]
    movements: Sequence[Movement]
    leaned: bool
    """Whether an answer that writes nothing rests on the balances of this revision."""

    @property
    def writes(self) -> bool:
        """Whether the slot's revision must be confirmed."""
        return bool(self.posted or self.pinned or self.held or self.movements or self.leaned)

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but vouchers: the shape of nearly every round."""
        return not (self.pinned or self.held or self.movements)
