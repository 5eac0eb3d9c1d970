"""Canonical bytes, hashes, slots and reversals of vouchers."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.common.domain.refusal import EarlierThanOriginal, NotReversible
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.reversal import reversal
from services.ledger.posting.domain.voucher import (
    GENESIS,
    Draft,
    chain_hash,
    differences,
    draft,
    draft_of,
    slot_of,
)
from tests.ledger.support.making import DAY, receipt_draft

texts = st.text(max_size=12)
amounts = st.integers(1, 10**15)
lines = st.builds(
    lambda names, fen, debit: Line(*names, fen if debit else 0, 0 if debit else fen),
    st.tuples(texts, texts, texts, texts),
    amounts,
    st.booleans(),
)
days = st.dates(date(1999, 7, 1), date(2100, 1, 1))
drafts = st.builds(
    draft,
    slot=st.integers(0, 1023),
    source=texts,
    event_id=texts,
    owner=texts,
    kind=texts,
    book_date=days,
    period=st.none() | st.just("2021-07"),
    value_date=st.none() | days,
    summary=texts,
    references=st.dictionaries(texts, texts, max_size=3),
    lines=st.lists(lines, max_size=4).map(tuple),
    hold=st.none() | texts,
    reverses_seq=st.none() | st.integers(1, 10**9),
)


@given(drafts)
def test_canonical_bytes_can_be_read_again(made: Draft) -> None:
    """So no two different vouchers have the same bytes."""
    assert draft_of(made.slot, made.source, made.content) == made


@given(drafts, drafts)
def test_different_content_never_has_the_same_bytes(one: Draft, other: Draft) -> None:
    if one.content == other.content:
        assert replace(one, slot=0, source="", sender="") == replace(
            other, slot=0, source="", sender=""
        )


@given(drafts, drafts)
def test_differences_are_named_exactly_when_there_are_some(one: Draft, other: Draft) -> None:
    other = replace(other, event_id=one.event_id)
    same = all(
        getattr(one, name) == getattr(other, name)
        for name in (
            "owner",
            "kind",
            "book_date",
            "period",
            "value_date",
            "summary",
            "hold",
            "reverses_seq",
            "references",
            "lines",
        )
    )
    assert (differences(one, other) == []) is same


@pytest.mark.parametrize(
    "change",
    [
        {"book_date": date(2021, 7, 16)},
        {"value_date": DAY},
        {"period": "2021-08"},
        {"owner": "OTHER"},
        {"summary": "x"},
        {"references": {"a": "b"}},
        {"source": "x"},
        {"kind": "suspense"},
        {"hold": "x"},
        {"reverses_seq": 1},
        {"event_id": "x"},
        {"slot": 3},
        {"lines": receipt_draft(10_001).lines},
        {"lines": tuple(reversed(receipt_draft().lines))},
    ],
)
def test_the_chain_seals_every_column(change: dict[str, object]) -> None:
    base = receipt_draft(event_id="e", slot=1)
    other = receipt_draft(**({"event_id": "e", "slot": 1} | change))
    at = "2021-07-15T08:00:00.000000Z"
    assert chain_hash(GENESIS, base, 1, at) != chain_hash(GENESIS, other, 1, at)


def test_the_chain_seals_place_instant_and_predecessor() -> None:
    base = receipt_draft()
    at = "2021-07-15T08:00:00.000000Z"
    seals = {
        chain_hash(GENESIS, base, 1, at),
        chain_hash(GENESIS, base, 2, at),
        chain_hash(GENESIS, base, 1, at.replace("08", "09")),
        chain_hash(b"\1" * 32, base, 1, at),
    }
    assert len(seals) == 4


@given(texts, st.integers(1, 1024))
def test_units_never_share_the_centres_slot_where_there_is_another(owner: str, slots: int) -> None:
    slot = slot_of(owner, slots)
    assert 0 <= slot < slots
    assert slots == 1 or (slot == 0) is (owner == "centre")


def test_the_centre_has_slot_zero() -> None:
    assert slot_of("centre", 4) == 0


@given(st.integers(1, 10**15))
def test_a_reversal_and_its_original_net_to_nothing(amount_fen: int) -> None:
    original = receipt_draft(amount_fen)
    red = reversal(original, 7, source="x", event_id="r", book_date=DAY, summary="更正")
    assert red.slot == original.slot
    assert red.reverses_seq == 7
    assert all(line.debit_fen + line.credit_fen < 0 for line in red.lines)
    assert red.book_date == original.book_date
    assert original.lines == tuple(
        line._replace(debit_fen=-line.debit_fen, credit_fen=-line.credit_fen) for line in red.lines
    )


def test_what_cannot_be_reversed() -> None:
    original = receipt_draft()
    red = reversal(original, 7, source="x", event_id="r", book_date=DAY, summary="更正")
    with pytest.raises(NotReversible):
        reversal(red, 8, source="x", event_id="r2", book_date=DAY, summary="更正")
    with pytest.raises(EarlierThanOriginal):
        reversal(original, 7, source="x", event_id="r", book_date=date(2021, 7, 14), summary="s")
