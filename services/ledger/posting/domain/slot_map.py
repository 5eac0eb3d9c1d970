"""The slots of all owners: by the rule in the first generation, by what is stored ever after. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Final

from services.ledger.posting.domain.voucher import slot_of
from shared.ids import key_of
from shared.roles import CENTRE

SLOTS_MAX: Final = 1024
OWNERS_MAX: Final = 1_000_000
"""Owners that a process keeps in memory; beyond them it begins again."""


@dataclass(frozen=True, slots=True)
class SlotMap:
    """The generations of a database's slots, and the owners whose stored slots a process has met.

    `counts` are the numbers of slots after each growth; the first is the number the database began
    with. An owner stays in its slot for ever: there its events and the originals of its reversals are
    found.
    """

    counts: tuple[int, ...]
    known: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def count(self) -> int:
        """Count the slots."""
        return self.counts[-1]

    @property
    def generation(self) -> int:
        """Count the generations."""
        return len(self.counts)

    @property
    def has_grown(self) -> bool:
        """Tell whether owners' slots are stored."""
        return len(self.counts) > 1

    def of(self, owner: str) -> int:
        """Return the slot of an owner; of one that is not known, the slot that a new one gets."""
        if len(self.counts) == 1:
            return slot_of(owner, self.counts[0])
        known = self.known.get(owner)
        return self.new(owner) if known is None else known

    def new(self, owner: str) -> int:
        """Return the slot that a new owner gets: one of those that the last growth made."""
        if owner == CENTRE or not self.has_grown:
            return slot_of(owner, self.count)
        before = self.counts[-2]
        return before + key_of("slot", owner) % (self.count - before)

    def is_known(self, owner: str) -> bool:
        """Tell whether an owner's slot is certain without a look at what is stored."""
        return not self.has_grown or owner == CENTRE or owner in self.known

    def remember(self, stored: Mapping[str, int]) -> None:
        """Keep stored slots of owners."""
        if len(self.known) + len(stored) > OWNERS_MAX:
            self.known.clear()
        self.known.update(stored)

    def made_in(self, slot: int) -> int:
        """Return the generation that made a slot."""
        return 1 + sum(slot >= count for count in self.counts)

    def grown(self, add: int) -> SlotMap:
        """Return the slots after a growth by so many."""
        return SlotMap((*self.counts, self.count + add))

    def names_a_generation(self, slots: Set[int]) -> bool:
        """Tell whether these are all the slots that there were in some generation."""
        return any(slots == set(range(count)) for count in self.counts)
