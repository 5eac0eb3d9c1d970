"""Personal amounts of a declaration: those of its lines, however people are chunked."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.personal.domain import (
    CREDITS_AIMED_AT,
    KEYS,
    NOTHING,
    CreditPlan,
    DeclarationLine,
    PersonAmounts,
    amounts,
    chunks_of,
    difference,
    event_of,
    plan,
    slice_of,
    totals,
    weights,
)
from services.collection.policy.domain.crediting import CreditRule
from shared.money import HALF_UP_FEN

ORDER = ("pension", "medical", "unemployment")


def line(
    insurance: str, party: str, account: str, fen: int, level: str = "people", fund: str = ""
) -> DeclarationLine:
    return DeclarationLine(
        level=level,
        insurance=insurance,
        party=party,
        account=account,
        fund=fund or insurance,
        amount_fen=fen,
    )


def row(
    age_from: int, age_below: int | None, rate_ppm: int, *, retired: bool = False
) -> CreditRule:
    return CreditRule(
        id=f"credit.{age_from}",
        insurance="medical",
        retired=retired,
        age_from=age_from,
        age_below=age_below,
        rate_ppm=rate_ppm,
        yearly_fen=None,
        standing=None,
        source="s",
    )


def person(
    key: int, *, unit: int = 9_000, personal: int = 2_000, age: int | None = None
) -> PersonAmounts:
    return PersonAmounts(key, (100_000,) * 3, (16_000, unit, 500), (8_000, personal, 500), age)


def made(
    *lines: DeclarationLine, credits: tuple[CreditRule, ...] = (), kind: str = "monthly"
) -> CreditPlan:
    return plan(kind, lines, ORDER, credits, HALF_UP_FEN)


STAFF = (
    line("pension", "unit", "pooled", 32_000),
    line("pension", "personal", "personal_account", 16_000),
    line("medical", "unit", "pooled", 18_000),
    line("medical", "personal", "personal_account", 4_000),
    line("unemployment", "personal", "pooled", 1_000),
)


def test_the_staff_share_goes_to_personal_accounts_where_the_line_says_so() -> None:
    found = amounts(made(*STAFF), [person(1), person(2)])
    assert found == {
        (1, "pension"): 8_000,
        (1, "medical"): 2_000,
        (2, "pension"): 8_000,
        (2, "medical"): 2_000,
    }
    assert totals(found) == dict(sorted(made(*STAFF).totals_fen.items()))


def test_a_fund_may_take_several_insurances() -> None:
    lines = [
        line("pension", "personal", "personal_account", 8_000, fund="one"),
        line("medical", "personal", "personal_account", 2_000, fund="one"),
    ]
    assert amounts(made(*lines), [person(1)]) == {(1, "one"): 10_000}


def test_out_of_the_units_share_persons_get_what_their_age_says() -> None:
    """Zhenjiang: under 45 four per cent less than the staff's two, from 45 five."""
    rows = (row(0, 45, 20_000), row(45, None, 30_000), row(60, None, 60_000, retired=True))
    lines = (*STAFF, line("medical", "unit", "personal_account", 5_000))
    young, old, unknown = person(1, age=44), person(2, age=61), person(3)
    found = amounts(made(*lines, credits=rows), [young, old, unknown])
    assert found[1, "medical"] == 2_000 + 2_000
    assert found[2, "medical"] == 2_000 + 3_000
    assert found[3, "medical"] == 2_000, "an age that nobody knows credits nothing of the unit's"
    little = amounts(made(*lines, credits=rows), [person(4, unit=1_500, age=50)])
    assert little[4, "medical"] == 2_000 + 1_500, "never more than the unit pays"
    whole = made(line("medical", "unit", "personal_account", 9_000), credits=rows)
    assert amounts(whole, [old]) == {(2, "medical"): 9_000}, "all of it where nothing is pooled"


def test_what_a_restating_paper_takes_back_is_not_its_own() -> None:
    lines = (*STAFF, line("pension", "personal", "personal_account", -15_000, level="corrected"))
    assert made(*lines).totals_fen == made(*STAFF).totals_fen


@given(
    st.lists(st.tuples(st.integers(0, KEYS - 1), st.integers(0, 10**6)), max_size=40),
    st.integers(0, 10**6),
    st.integers(1, 7),
)
def test_relief_is_spread_over_persons_to_the_fen_in_any_slices(
    parts: list[tuple[int, int]], share_ppm: int, chunks: int
) -> None:
    people = sorted(
        (person(key, unit=fen) for key, fen in dict(parts).items()), key=lambda one: one.person_id
    )
    whole_fen = sum(one.unit_fen[1] for one in people)
    relief_fen = whole_fen * share_ppm // 1_000_000
    paper = made(
        line("medical", "unit", "personal_account", whole_fen),
        line("medical", "unit", "personal_account", -relief_fen, level="relief"),
    )
    credited: dict[tuple[int, str], int] = {}
    before: tuple[int, ...] = (0,) * len(paper.parts)
    for chunk in range(1, chunks + 1):
        first, below = slice_of(chunk, chunks)
        mine = [one for one in people if first <= one.person_id < below]
        credited |= amounts(paper, mine, before)
        before = tuple(a + b for a, b in zip(before, weights(paper, mine), strict=True))
    assert credited == amounts(paper, people)
    assert sum(credited.values()) == whole_fen - relief_fen
    for one in people:
        assert 0 <= credited.get((one.person_id, "medical"), 0) <= one.unit_fen[1]


def test_a_default_names_nobody() -> None:
    lines = [line("pension", "personal", "personal_account", 8_800, level="unit")]
    assert made(*lines, kind="default") is NOTHING
    assert made(*lines).totals_fen == {"pension": 8_800}, "any other paper has to name its people"


def test_a_difference_names_only_who_changed() -> None:
    now = {(1, "pension"): 90, (2, "pension"): 50, (4, "pension"): 7}
    before = {(1, "pension"): 80, (2, "pension"): 50, (3, "pension"): 60}
    assert difference(now, before) == {(1, "pension"): 10, (3, "pension"): -60, (4, "pension"): 7}
    assert difference(now, now) == {}


@given(
    st.dictionaries(st.integers(0, KEYS - 1), st.integers(1, 10**6), max_size=60),
    st.dictionaries(st.integers(0, KEYS - 1), st.integers(1, 10**6), max_size=60),
    st.integers(1, 9),
)
def test_chunks_come_to_the_whole_and_name_everybody_once(
    now: dict[int, int], before: dict[int, int], chunks: int
) -> None:
    whole = difference(
        {(k, "f"): v for k, v in now.items()}, {(k, "f"): v for k, v in before.items()}
    )
    credited: dict[tuple[int, str], int] = {}
    for chunk in range(1, chunks + 1):
        first, below = slice_of(chunk, chunks)
        part = difference(
            {(k, "f"): v for k, v in now.items() if first <= k < below},
            {(k, "f"): v for k, v in before.items() if first <= k < below},
        )
        assert not part.keys() & credited.keys()
        credited |= part
    assert credited == whole
    assert sum(credited.values()) == sum(now.values()) - sum(before.values())
    assert (slice_of(1, chunks)[0], slice_of(chunks, chunks)[1]) == (0, KEYS)


@pytest.mark.parametrize(
    ("people", "funds", "chunks"),
    [(0, 0, 1), (1, 2, 1), (4_000, 2, 1), (4_001, 2, 2), (50_000, 2, 13), (50_000, 1, 7)],
)
def test_chunks_are_far_enough_below_what_the_ledger_takes(
    people: int, funds: int, chunks: int
) -> None:
    assert chunks_of(people, funds) == chunks
    # Keys are spread evenly: of 8,000 expected, 10,000 are more than twenty standard deviations off.
    assert people * funds / chunks <= CREDITS_AIMED_AT
    assert (10_000 - CREDITS_AIMED_AT) ** 2 > 400 * CREDITS_AIMED_AT


def test_the_name_of_a_chunk_fits_and_is_the_bills() -> None:
    assert event_of(UUID(int=255), 13) == "000000000000000000000000000000ff:13"
    assert len(event_of(UUID(int=255), 13)) <= 64
