"""Entries taken apart: nothing is lost, and what is known of a pattern holds for its vouchers."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.posting.domain import entries as entries_rules
from services.ledger.posting.domain.entries import Line, entries_of, pattern_of

words = st.sampled_from(("pension", "medical", "100%", "账户", "", "%s"))
lines = st.builds(
    lambda place, fen, debit: Line(*place, fen if debit else 0, 0 if debit else fen),
    st.tuples(words, words, words, words),
    st.integers(-(10**15), 10**15),
    st.booleans(),
)
vouchers = st.lists(lines, max_size=6).map(tuple)


@given(vouchers)
def test_entries_are_put_together_as_they_were(given_lines: tuple[Line, ...]) -> None:
    assert entries_of(given_lines).lines() == given_lines


@given(vouchers)
def test_the_canonical_text_names_every_column_with_its_length(
    given_lines: tuple[Line, ...],
) -> None:
    columns = [str(column) for line in given_lines for column in line]
    expected = "".join(f"{len(column.encode())}:{column}," for column in columns)
    assert entries_of(given_lines).text() == expected


@given(vouchers)
def test_entries_balance_when_every_fund_of_every_book_does(
    given_lines: tuple[Line, ...],
) -> None:
    net: Counter[tuple[str, str]] = Counter()
    for line in given_lines:
        net[line.book, line.fund] += line.debit_fen - line.credit_fen
    assert entries_of(given_lines).is_balanced() is (not any(net.values()))


def test_a_pattern_is_the_same_one_until_it_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries_rules, "PATTERNS_MAX", 1)
    place = ("statutory", "pension", "income_deposit", "heping")
    first = pattern_of([place], [True])
    assert pattern_of([place], [True]) is first
    other = pattern_of([place], [False])
    again = pattern_of([place], [True])
    assert again is not first
    assert again == first != other
    assert hash(again) == hash(first)


def test_a_long_pattern_is_built_each_time() -> None:
    place = ("statutory", "pension", "income_deposit", "heping")
    count = entries_rules.REMEMBERED_ENTRIES_MAX
    assert pattern_of([place] * count, [True] * count) is pattern_of(
        [place] * count, [True] * count
    )
    long = [pattern_of([place] * (count + 1), [True] * (count + 1)) for _ in range(2)]
    assert long[0] is not long[1]
    assert long[0] == long[1]


def test_no_entry_is_a_debit_and_a_credit() -> None:
    with pytest.raises(ValueError, match="income_deposit"):
        entries_of([Line("statutory", "pension", "income_deposit", "heping", 5, 5)])
