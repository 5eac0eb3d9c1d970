"""Sums on paper: what a table grows with, how long its rows are kept, years, a restore."""

import pytest

from benchmarks.growth import paper
from benchmarks.growth.catalogue import TableSize
from benchmarks.growth.copies import Copy
from benchmarks.growth.paper import Cause, Place

PLAYED = Place("played", people=700, units=20, pensioners=200, districts=2)
GROWN = {
    "collection.declaration_person": TableSize(2 * 700, 2 * 7_000, 2 * 1_400, 0),
    "collection.outbox": TableSize(2 * 40, 2 * 4_000, 0, 0),
    "collection.tax_push_result": TableSize(2, 0, 0, 2 * 2_000),
    "collection.unit": TableSize(0, 0, 0, 0),
    "ledger.voucher": TableSize(2 * 40, 2 * 8_000, 2 * 2_000, 0),
    "ledger.personal_credit": TableSize(2 * 1_400, 2 * 14_000, 0, 0),
    "payout.payment_line": TableSize(2 * 200, 2 * 2_000, 0, 0),
    "payout.claim": TableSize(2 * 2, 2 * 400, 0, 0),
}
RATES = paper.rates(GROWN, 2, PLAYED, {"collection.outbox": 400})


def test_each_table_grows_with_its_finest_cause() -> None:
    assert {rate.table: (rate.cause, rate.bytes) for rate in RATES if rate.rows} == {
        "collection.declaration_person": (Cause.PERSON, 12.0),
        "collection.outbox": (Cause.UNIT, 200.0),
        "collection.tax_push_result": (Cause.DISTRICT, 0.0),
        "ledger.voucher": (Cause.UNIT, 500.0),
        "ledger.personal_credit": (Cause.PERSON, 20.0),
        "payout.payment_line": (Cause.PENSION, 10.0),
        "payout.claim": (Cause.DISTRICT, 200.0),
    }


def test_long_values_of_a_district_count_by_the_unit() -> None:
    (long,) = [rate for rate in RATES if rate.toast]
    assert (long.table, long.cause, long.toast) == (
        "collection.tax_push_result",
        Cause.UNIT,
        100.0,
    )


def test_a_voucher_takes_what_the_books_take_without_personal_accounts() -> None:
    assert paper.bytes_per_voucher(GROWN) == 250.0


def test_a_month_is_added_up_to_the_byte_in_the_place_that_was_played() -> None:
    month = sum(size.bytes for size in GROWN.values()) / 2
    assert paper.size_after(1 / 12, PLAYED, RATES, []) == pytest.approx(month)


def test_rows_that_are_cleaned_stop_growing() -> None:
    (messages,) = [rate for rate in RATES if rate.table == "collection.outbox"]
    assert messages.months(6) == 6
    assert messages.months(180) == pytest.approx(13.14, abs=0.01)
    assert paper.rows_after(15, PLAYED, RATES)["ledger.personal_credit"] == 1_400 * 180


def test_a_restore_takes_its_seconds_for_each_gib() -> None:
    made = Copy("dump", 3 * paper.GIB, 1, 1.0, 90.0, verified=True)
    assert paper.restore_seconds_per_gib(made) == 30.0
