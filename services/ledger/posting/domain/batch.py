"""Values of one round of a slot's writer: the commands, what the books know, and the decision.

A decision says what to write and what to answer. It takes effect only when the store has written it
against the very revision of the slot that it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from uuid import UUID

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.common.domain.value import value
from services.ledger.posting.domain.daily_balance import DailyBalance
from services.ledger.posting.domain.hold import GroupRelease, Hold, HoldMovement, HoldRelease
from services.ledger.posting.domain.reversal import Remaining
from services.ledger.posting.domain.suspense import SuspenseKey
from services.ledger.posting.domain.voucher import SHA256, Draft

FundAccount: TypeAlias = tuple[str, str]
EventKey: TypeAlias = tuple[str, str]
"""(source, event id)."""


@value()
class Posting:
    """A command to post a draft. `refusal` is the result of the checks that need no balances.

    `with_balances`: the answer carries the balances of the accounts with a floor that it touches.
    `check_moved` checks the draft again when it is moved to the first open day.
    """

    draft: Draft
    refusal: LedgerRefusal | None = None
    with_balances: bool = False
    check_moved: Callable[[Draft], LedgerRefusal | None] | None = None


Command: TypeAlias = Posting | Hold | HoldRelease | GroupRelease


@value()
class CommandGroup:
    """Commands that are decided all or none (unless not `together`); most groups hold one.

    A `rehearsed` group is judged like any other, after what comes before it, and writes nothing.
    """

    commands: tuple[Command, ...]
    together: bool = True
    rehearsed: bool = False


@dataclass(frozen=True, slots=True)
class FlooredBalance:
    """Balance of an account with a floor right after a voucher, and the part that holds keep."""

    fund: str
    account: str
    balance_fen: int
    held_fen: int


@value()
class PostedVoucher:
    """A voucher's place in the books. A `rehearsed` voucher is not booked: ignore its place."""

    slot: int
    seq: int
    hash: bytes
    book_date: date
    replayed: bool
    floors: tuple[FlooredBalance, ...] = ()
    rehearsed: bool = False


@dataclass(frozen=True, slots=True)
class HoldState:
    """A hold after a command."""

    hold: Hold
    replayed: bool


@dataclass(frozen=True, slots=True)
class HoldStates:
    """Holds after they were released together."""

    holds: tuple[Hold, ...]
    replayed: bool


Outcome: TypeAlias = PostedVoucher | HoldState | HoldStates | LedgerRefusal


@dataclass(frozen=True, slots=True)
class PriorVoucher:
    """An event that is booked already. `first` is its draft, loaded when the new content differs."""

    voucher: PostedVoucher
    body_hash: bytes
    first: Draft | None = None


@dataclass(frozen=True, slots=True)
class PriorRefusal:
    """An event that was refused, with the refusal kept. `first` as in `PriorVoucher`."""

    refusal: LedgerRefusal
    body_hash: bytes
    first: Draft | None = None


@dataclass(frozen=True, slots=True)
class PriorAnswers:
    """Facts of the books about the commands of a round."""

    events: Mapping[EventKey, PriorVoucher | PriorRefusal] = field(default_factory=dict)
    holds: Mapping[EventKey, Hold] = field(default_factory=dict)
    """Holds by the event that made them."""
    holds_by_id: Mapping[UUID, Hold] = field(default_factory=dict)
    """Every hold that a release names, closed ones too."""
    releases: Mapping[EventKey, tuple[HoldMovement, ...]] = field(default_factory=dict)
    remaining: Mapping[int, Remaining] = field(default_factory=dict)
    """Sequence number of each voucher to be reversed → what is left of it to reverse."""
    suspense: Mapping[SuspenseKey, int] = field(default_factory=dict)
    """The suspense of each receipt, for commands that take money out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """A slot at one revision: head of the chain and, in the centre's slot, floors and holds."""

    slot: int
    revision: int
    seq: int
    hash: bytes
    balances: Mapping[FundAccount, DailyBalance] = field(default_factory=dict)
    """Balances of the accounts with a floor, of every day after the last closed one."""
    holds: Mapping[UUID, Hold] = field(default_factory=dict)
    algorithm: str = SHA256
    """Hash function of the chain."""
    closed_until: date | None = None
    """Last closed day: vouchers dated on it or earlier are refused."""

    @property
    def is_centre(self) -> bool:
        """Tell whether this is the centre's slot, the only one with floors and holds."""
        return self.slot == CENTRE_SLOT


@value()
class ChainedDraft:
    """A draft with its place in the chain."""

    draft: Draft
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """The rows that a round writes, and its answers."""

    before: SlotState
    after: SlotState
    outcomes: tuple[tuple[Outcome, ...], ...]
    posted: Sequence[ChainedDraft]
    pinned: Sequence[tuple[Draft, LedgerRefusal]]
    new_holds: Sequence[Hold]
    movements: Sequence[HoldMovement]
    relies_on_state: bool
    """True when an answer that writes nothing rests on the balances of this revision."""

    @property
    def writes(self) -> bool:
        """Tell whether the slot's revision must be confirmed."""
        return bool(
            self.posted or self.pinned or self.new_holds or self.movements or self.relies_on_state
        )

    @property
    def is_plain(self) -> bool:
        """Tell whether it holds vouchers only, as nearly every round does."""
        return not (self.pinned or self.new_holds or self.movements)
