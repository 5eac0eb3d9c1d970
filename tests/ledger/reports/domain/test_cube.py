"""The cube of balances equals the sum of all postings, whatever the order of the days."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.reports.domain.cube import Cell, Cube, CubeFilter, Place, Series, SlotHead
from services.ledger.reports.domain.flow import GroupBy, flows

FIRST = date(2021, 1, 1)
places = st.builds(
    Place,
    st.sampled_from(["statutory", "memo"]),
    st.sampled_from(["pension", "medical"]),
    st.sampled_from(["income_deposit", "benefit.hospital", "benefit.basic_pension"]),
    st.sampled_from(["heping", "nankai"]),
)
cells = st.builds(
    Cell,
    places,
    st.integers(0, 90).map(lambda days: (FIRST + timedelta(days=days)).toordinal()),
    st.integers(-1_000, 1_000),
    st.integers(-1_000, 1_000),
)
days = st.integers(-2, 93).map(lambda days: FIRST + timedelta(days=days))
narrows = st.builds(
    CubeFilter,
    book=st.sampled_from([None, "statutory"]),
    fund=st.sampled_from([None, "pension"]),
    account=st.sampled_from([None, "income_deposit", "benefit"]),
    district=st.sampled_from([None, "heping"]),
)


def cube_of(posted: list[Cell]) -> Cube:
    cube = Cube()
    cube.extend({0: SlotHead(len(posted), b"")}, posted)
    return cube


@given(st.lists(cells, max_size=60), days, narrows)
def test_a_balance_is_the_sum_of_all_postings_up_to_its_day(
    posted: list[Cell], as_of: date, narrow: CubeFilter
) -> None:
    expected: dict[tuple[str, str, str], list[int]] = {}
    for place, day, debit_fen, credit_fen in posted:
        if day <= as_of.toordinal() and narrow.holds(place):
            sums = expected.setdefault(place[:3], [0, 0])
            sums[0] += debit_fen
            sums[1] += credit_fen
    found = {tuple(row[:3]): [*row[3:]] for row in cube_of(posted).sums(as_of, narrow)}
    assert found == expected


@given(st.lists(cells, max_size=60), days, days, narrows)
def test_a_filled_cube_is_one_that_was_posted_one_by_one(
    posted: list[Cell], one: date, other: date, narrow: CubeFilter
) -> None:
    slowly, at_once = cube_of(posted), Cube()
    for place, *step in posted:
        at_once.of(place).merge([(step[0], step[1], step[2])])
    assert list(at_once.add_up()) == [None] * len({place[:3] for place, *_ in posted})
    for cube in (slowly, at_once):
        assert cube.sums(one, narrow) == slowly.sums(one, narrow)
        assert cube.between(one, other, narrow) == slowly.between(one, other, narrow)


@given(st.lists(cells, max_size=60), days, days, st.sampled_from(GroupBy), narrows)
def test_flows_lead_from_the_balance_before_to_the_balance_after(
    posted: list[Cell], one: date, other: date, by: GroupBy, narrow: CubeFilter
) -> None:
    first, last = min(one, other), max(one, other)
    cube = cube_of(posted)
    before = {row[:3]: row[3] - row[4] for row in cube.sums(first - timedelta(days=1), narrow)}
    after = {row[:3]: row[3] - row[4] for row in cube.sums(last, narrow)}
    moved: dict[tuple[str, str, str], int] = {}
    for flow in flows(cube, first, last, by, narrow):
        key = (flow.book, flow.fund, flow.account)
        moved[key] = moved.get(key, 0) + flow.debit_fen - flow.credit_fen
        assert first <= flow.first <= flow.last <= last
    for key in before.keys() | after.keys() | moved.keys():
        assert before.get(key, 0) + moved.get(key, 0) == after.get(key, 0)


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(-9, 9), st.integers(-9, 9)), max_size=30),
    st.integers(0, 30),
)
def test_merging_slots_is_posting_one_by_one(posted: list[tuple[int, int, int]], cut: int) -> None:
    slowly, at_once = Series(), Series()
    for one in posted:
        slowly.add(*one)
    for part in (posted[:cut], posted[cut:]):
        at_once.merge(part)
    assert list(slowly.steps()) == list(at_once.steps())
    assert [slowly.until(day) for day in range(32)] == [at_once.until(day) for day in range(32)]


def test_money_is_in_transit_since_the_day_after_it_was_last_zero() -> None:
    one = Series()
    for day, debit_fen, credit_fen in [(1, 5, 0), (2, 0, 5), (4, 7, 0), (6, 1, 0), (9, 0, 8)]:
        one.add(day, debit_fen, credit_fen)
    assert [one.since(day) for day in (0, 1, 2, 3, 4, 8, 9)] == [None, 1, None, None, 4, 4, None]
