"""Late fees and interest: published cases, changing rates, caps, and one rounding."""

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.policy.domain.charge import (
    DAY,
    PARTS,
    YEAR_PARTS,
    Accrual,
    Cap,
    ChargeKind,
    Debt,
    EndRule,
    Span,
    StartRule,
    Timetable,
    accrue,
    product_text,
)
from services.collection.policy.domain.charge_timeline import (
    ChargeRules,
    ChargeTimeline,
    DatedChargeRules,
    debt_of,
)
from shared.money import parse_rate, parse_yuan
from shared.period import Period
from tests.collection.support.rules.charges import cap, rate

CASES = json.loads((Path(__file__).parents[2] / "cases" / "late_fee.json").read_text())["late_fee"]
DUE = date(2021, 8, 25)
JULY = Debt(period=Period(2021, 7), due_on=DUE, settlement_on=date(2021, 8, 20))
OLD = Debt(period=Period(2011, 4), due_on=date(2011, 5, 25), settlement_on=date(2011, 5, 25))


NOW = Timetable((rate(500),), ())
HISTORY = Timetable((rate(2000, "1999-01-22", "2011-06-30"), rate(500, "2011-07-01")), ())
ARTICLE_45 = cap("2012-01-01", share_ppm=1_000_000)


def fee(
    principal_fen: int, debt: Debt, until: date, table: Timetable = NOW, **other: object
) -> Accrual:
    found = accrue(ChargeKind.LATE_FEE, principal_fen, debt, until, table, **other)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_published_cases_are_exact(case) -> None:
    table = Timetable((rate(parse_rate(case["daily_rate"])),), ())
    found = fee(parse_yuan(case["principal"]), JULY, DUE + timedelta(case["days"]), table)
    assert found.days == case["days"]
    assert found.amount_fen == parse_yuan(case["fee"])
    assert product_text(found.parts) == case["fee"]


def test_nothing_is_late_on_the_due_day_and_the_next_day_is_one_day_late() -> None:
    assert accrue(ChargeKind.LATE_FEE, 10_000_00, JULY, DUE, NOW) is None
    assert fee(10_000_00, JULY, DUE + DAY).days == 1


def test_a_debt_that_spans_the_change_of_2011_is_computed_piecewise() -> None:
    """26 May to 30 June 2011 are 36 days at 0.2 %, 1 to 31 July are 31 days at 0.05 %."""
    found = fee(10_000_00, OLD, date(2011, 7, 31), HISTORY)
    assert [(one.rule, one.days, one.parts // PARTS) for one in found.pieces] == [
        ("late_fee.1999-01-22", 36, 720_00),
        ("late_fee.2011-07-01", 31, 155_00),
    ]
    assert found.amount_fen == 875_00


def test_the_fee_starts_in_the_second_month_after_the_settlement_day_where_the_rule_says_so() -> (
    None
):
    table = Timetable((rate(500, start=StartRule.SECOND_MONTH_AFTER_SETTLEMENT),), ())
    assert accrue(ChargeKind.LATE_FEE, 1, JULY, date(2021, 9, 30), table) is None
    assert fee(10_000_00, JULY, date(2021, 10, 1), table).pieces[0].first == date(2021, 10, 1)


def test_the_day_of_payment_counts_or_not_by_the_end_rule() -> None:
    before = Timetable((rate(500, end=EndRule.DAY_BEFORE_PAID),), ())
    assert accrue(ChargeKind.LATE_FEE, 1, JULY, DUE + DAY, before) is None
    assert fee(10_000_00, JULY, DUE + 2 * DAY, before).days == 1


def test_interest_counts_a_yearly_rate_over_its_day_base_from_the_next_year_on() -> None:
    row = rate(36_000, start=StartRule.NEXT_YEAR, kind=ChargeKind.INTEREST, per_days=360)
    table = Timetable((row, rate(500)), (ARTICLE_45,))
    assert accrue(ChargeKind.INTEREST, 10_000_00, JULY, date(2021, 12, 31), table) is None
    found = accrue(ChargeKind.INTEREST, 10_000_00, JULY, date(2022, 1, 10), table)
    assert found is not None
    assert (found.days, found.amount_fen) == (10, 10_00)
    other = Timetable((replace(row, per_days=365),), ())
    found = accrue(ChargeKind.INTEREST, 10_000_00, JULY, date(2022, 1, 10), other)
    assert found is not None
    assert found.amount_fen == 9_86
    assert product_text(found.parts) == "9.863013…"


def test_days_without_a_rule_cost_nothing() -> None:
    table = Timetable((rate(500, "2021-08-01", "2021-08-31"), rate(500, "2021-10-01")), ())
    assert fee(10_000_00, JULY, date(2021, 10, 2), table).days == 6 + 2
    assert accrue(ChargeKind.LATE_FEE, 100, JULY, date(2030, 1, 1), Timetable((), ())) is None


def test_a_share_of_the_principal_caps_the_fee_and_says_so() -> None:
    table = Timetable(NOW.rates, (cap("2021-01-01", share_ppm=400_000),))
    assert fee(10_000_00, JULY, DUE + timedelta(800), table).cap is None
    found = fee(10_000_00, JULY, DUE + timedelta(801), table)
    assert (found.amount_fen, found.cap) == (4_000_00, "cap.2021-01-01")


def test_of_several_caps_the_lowest_holds() -> None:
    caps = (cap("2021-01-01", share_ppm=400_000), cap("2021-01-01", amount_fen=50_00))
    assert fee(10_000_00, JULY, date(2031, 1, 1), Timetable(NOW.rates, caps)).amount_fen == 50_00


def test_an_absolute_cap_counts_what_of_the_line_is_fixed_already() -> None:
    table = Timetable(NOW.rates, (cap("2021-01-01", amount_fen=50_00),))
    found = fee(10_000_00, JULY, date(2031, 1, 1), table, already_parts=45_00 * PARTS)
    assert found.amount_fen == 5_00
    found = fee(10_000_00, JULY, date(2031, 1, 1), table, already_parts=60_00 * PARTS)
    assert found.amount_fen == 0


def test_a_cap_does_not_take_back_what_had_accrued_before_it() -> None:
    """Five years at 0.2 % are more than the principal; from 2012 on the fee stands still."""
    debt = replace(OLD, due_on=date(2006, 5, 25))
    table = Timetable(HISTORY.rates, (ARTICLE_45,))
    before = fee(100_00, debt, date(2011, 12, 31), table)
    assert before.amount_fen > 100_00
    after = fee(100_00, debt, date(2021, 1, 1), table)
    assert after.amount_fen == before.amount_fen
    assert after.cap == "cap.2012-01-01"


def test_free_days_do_not_count() -> None:
    span = Span(date(2021, 9, 1), date(2021, 9, 30))
    found = fee(10_000_00, JULY, date(2021, 10, 5), free=[span])
    assert found.days == 6 + 5
    assert (
        accrue(
            ChargeKind.LATE_FEE,
            1,
            JULY,
            date(2021, 9, 1),
            NOW,
            free=[Span(date(2021, 8, 1), date(2021, 12, 31))],
        )
        is None
    )


# --- which policy speaks ---------------------------------------------------------------------


def rules(ppm: int) -> ChargeRules:
    return ChargeRules(rates=(rate(ppm),))


def test_each_day_has_the_rate_of_the_policy_in_force_on_it() -> None:
    old, new = rules(500), rules(300)
    rulings = ChargeTimeline(
        (
            DatedChargeRules(
                in_force_from=date(2021, 1, 1),
                in_force_to=date(2021, 12, 31),
                rules=old,
                due_day=25,
            ),
            DatedChargeRules(
                in_force_from=date(2022, 1, 1), in_force_to=None, rules=new, due_day=15
            ),
        )
    )
    found = fee(10_000_00, JULY, date(2022, 1, 2), rulings.table(old))
    assert [(one.rate_ppm, one.days) for one in found.pieces] == [(500, 128), (300, 2)]
    assert rulings.on(date(2023, 1, 1)).due_day == 15
    assert rulings.on(date(2020, 1, 1)).due_day == 25


def test_days_without_a_policy_are_decided_by_the_bills_own() -> None:
    rulings = ChargeTimeline(
        (
            DatedChargeRules(
                in_force_from=date(2021, 9, 1),
                in_force_to=date(2021, 9, 30),
                rules=rules(300),
                due_day=25,
            ),
        )
    )
    found = fee(10_000_00, JULY, date(2021, 10, 3), rulings.table(rules(500)))
    assert [(one.rate_ppm, one.days) for one in found.pieces] == [(500, 6), (300, 30), (500, 3)]


def test_the_settlement_day_is_the_policys_or_the_due_day() -> None:
    july = Period(2021, 7)
    own = replace(rules(500), settlement_day=10)
    assert debt_of(july, DUE, own, 25).settlement_on == date(2021, 8, 10)
    assert debt_of(july, DUE, rules(500), 25).settlement_on == date(2021, 8, 25)


# --- properties ------------------------------------------------------------------------------

days = st.dates(date(2006, 1, 1), date(2030, 12, 31))
spans = st.lists(
    st.builds(lambda day, more: Span(day, day + timedelta(more)), days, st.integers(0, 400)),
    max_size=3,
)
caps = st.lists(
    st.builds(
        lambda first, share, amount: Cap(
            id="cap",
            in_force_from=first,
            in_force_to=None,
            share_ppm=share,
            amount_fen=amount,
            source="s",
        ),
        days,
        st.integers(0, 10**6),
        st.none() | st.integers(0, 10**6),
    ),
    max_size=2,
)
debts = days.map(lambda due: Debt(period=Period.of(due), due_on=due, settlement_on=due))
starts = st.sampled_from(list(StartRule))
ends = st.sampled_from(list(EndRule))


@st.composite
def tables(draw: st.DrawFn) -> Timetable:
    change = draw(days)
    earlier = replace(
        rate(draw(st.integers(0, 5000)), start=draw(starts), end=draw(ends)),
        in_force_to=change - DAY,
    )
    later = replace(
        rate(draw(st.integers(0, 5000)), start=draw(starts), end=draw(ends)),
        id="later",
        in_force_from=change,
    )
    return Timetable((earlier, later), tuple(draw(caps)))


def fen(principal: int, debt: Debt, day: date, table: Timetable, free: list[Span]) -> int:
    found = accrue(ChargeKind.LATE_FEE, principal, debt, day, table, free=free)
    return found.amount_fen if found else 0


@given(st.integers(1, 10**12), debts, days, st.integers(0, 800), tables(), spans)
def test_a_later_day_never_costs_less(principal, debt, day, more, table, free) -> None:
    later = day + timedelta(more)
    assert fen(principal, debt, day, table, free) <= fen(principal, debt, later, table, free)


@given(st.integers(1, 10**12), debts, days, tables(), spans)
def test_pieces_follow_each_other_and_none_lies_in_a_free_day(
    principal, debt, day, table, free
) -> None:
    found = accrue(ChargeKind.LATE_FEE, principal, debt, day, table, free=free)
    pieces = found.pieces if found else ()
    for earlier, later in pairwise(pieces):
        assert earlier.last < later.first
    for piece in pieces:
        assert debt.due_on < piece.first <= piece.last <= day
        assert not any(piece.first in span or piece.last in span for span in free)
        whole = principal * piece.rate_ppm * (YEAR_PARTS // piece.per_days) * piece.days
        assert piece.parts == whole or (piece.cap and 0 <= piece.parts < whole)


@given(st.integers(1, 10**12), debts, days, tables())
def test_a_share_cap_in_force_all_along_is_never_passed(principal, debt, day, table) -> None:
    table = replace(table, caps=(cap("2000-01-01", share_ppm=1_000_000),))
    assert fen(principal, debt, day, table, []) <= principal
