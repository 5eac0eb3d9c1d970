"""The bank adjustment table: every line is matched once or in transit."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.reports.domain.bank_adjustment import BankLine, BookItem, adjust

DAY = date(2021, 7, 15)
amounts = st.integers(-500, 500).filter(bool)
days = st.integers(0, 30).map(lambda n: DAY + timedelta(days=n))
marks = st.sampled_from(["a", "b", "c", "d"])


def item(number: int, amount_fen: int, day: date, mark: str, **more: str) -> BookItem:
    return BookItem(
        voucher=f"vch_1_{number}",
        day=day,
        value_day=None,
        amount_fen=amount_fen,
        summary="",
        marks=frozenset({mark}),
        reverses=more.get("reverses"),
    )


lines_of = st.lists(st.builds(BankLine, marks, days, amounts), max_size=12)
items_of = st.lists(st.tuples(amounts, days, marks), max_size=12).map(
    lambda rows: [item(number, *row) for number, row in enumerate(rows)]
)


@given(lines_of, items_of, st.integers(0, 31))
def test_nothing_is_lost_or_counted_twice(
    lines: list[BankLine], items: list[BookItem], tolerance: int
) -> None:
    """If the balances are the sums of both sides, the items in transit explain them exactly."""
    book, bank = sum(x.amount_fen for x in items), sum(x.amount_fen for x in lines)
    table = adjust(book, bank, lines, items, tolerance)
    assert table.difference_fen == 0
    seen = [line for one in table.matched for line in one.lines]
    seen += [*table.bank_received, *table.bank_paid]
    assert sorted(map(id, seen)) == sorted(map(id, lines))
    booked = [one for found in table.matched for one in found.items]
    booked += [*table.book_received, *table.book_paid]
    assert sorted(map(id, booked)) == sorted(map(id, items))
    for one in table.matched:
        assert sum(x.amount_fen for x in one.lines) == sum(x.amount_fen for x in one.items)


@given(lines_of, items_of, st.integers(1, 10**6))
def test_a_wrong_balance_is_never_explained(
    lines: list[BankLine], items: list[BookItem], wrong_fen: int
) -> None:
    book, bank = sum(x.amount_fen for x in items), sum(x.amount_fen for x in lines)
    assert adjust(book + wrong_fen, bank, lines, items).difference_fen == wrong_fen


def test_the_serial_goes_before_amount_and_day() -> None:
    lines = [BankLine("X", DAY, 100)]
    items = [item(1, 100, DAY, "Y"), item(2, 100, DAY + timedelta(days=9), "X")]
    (found,) = adjust(200, 100, lines, items).matched
    assert (found.by, found.items) == ("serial", (items[1],))


def test_the_nearest_day_is_taken() -> None:
    lines = [BankLine("X", DAY, 100)]
    items = [item(1, 100, DAY + timedelta(days=9), "a"), item(2, 100, DAY + timedelta(days=2), "b")]
    (found,) = adjust(200, 100, lines, items).matched
    assert found.items == (items[1],)


def test_a_partial_reversal_stays_in_transit() -> None:
    items = [item(1, 100, DAY, "a"), item(2, -40, DAY, "b", reverses="vch_1_1")]
    table = adjust(60, 0, [], items)
    assert (len(table.book_received), len(table.book_paid), table.difference_fen) == (1, 1, 0)
