"""Owners and slots: a growth moves nobody, and new owners get new slots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.posting.domain import slot_map as slot_map_rules
from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.voucher import draft_of, owner_of, slot_of
from tests.ledger.support.making import receipt_draft

counts = st.lists(st.integers(1, 20), min_size=1, max_size=4).map(
    lambda steps: tuple(sum(steps[: i + 1]) for i in range(len(steps)))
)
owners = st.text(min_size=1, max_size=30)


@given(owners, st.integers(1, 1024))
def test_slots_that_never_grew_follow_the_rule_alone(owner: str, count: int) -> None:
    slots = SlotMap((count,))
    assert slots.of(owner) == slots.new(owner) == slot_of(owner, count)
    assert slots.is_known(owner)


@given(owners, counts)
def test_a_new_owner_gets_one_of_the_newest_slots(owner: str, made: tuple[int, ...]) -> None:
    slots = SlotMap(made)
    slot = slots.new(owner)
    assert slot == slots.of(owner)
    assert slots.made_in(slot) in ({1} if owner == "centre" else {1, slots.generation})
    if slots.has_grown and owner != "centre":
        assert slots.made_in(slot) == slots.generation
        assert not slots.is_known(owner)


def test_a_stored_slot_goes_before_the_rule_and_the_centre_stays() -> None:
    slots = SlotMap((2,)).grown(2).grown(1)
    assert (slots.counts, slots.count, slots.generation) == ((2, 4, 5), 5, 3)
    slots.remember({"UNIT": 1, "NEW": 3})
    assert (slots.of("UNIT"), slots.of("NEW"), slots.of("OTHER")) == (1, 3, 4)
    assert (slots.of("centre"), slots.is_known("centre")) == (0, True)
    assert [slots.made_in(slot) for slot in range(5)] == [1, 1, 2, 2, 3]


def test_a_process_that_meets_too_many_owners_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_map_rules, "OWNERS_MAX", 3)
    slots = SlotMap((2, 4))
    slots.remember({"A": 1, "B": 1, "C": 1})
    slots.remember({"D": 2})
    assert slots.known == {"D": 2}


def test_a_moment_names_all_slots_of_some_generation() -> None:
    slots = SlotMap((2, 4))
    assert slots.names_a_generation({0, 1})
    assert slots.names_a_generation({0, 1, 2, 3})
    assert not slots.names_a_generation({0, 1, 2})
    assert not slots.names_a_generation({2, 3})


@given(owners.filter(lambda text: "\x00" not in text), st.booleans())
def test_the_owner_is_read_from_the_beginning_of_the_bytes(owner: str, cut: bool) -> None:
    content = receipt_draft(owner=owner, event_id="号码1", slot=1).content
    assert owner_of(content[:2_000] if cut else content) == owner
    assert draft_of(1, "x", content).owner == owner
