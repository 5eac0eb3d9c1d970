"""Rules are versions that follow one another; what they were at any instant can be told again."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.rules.domain.row import (
    Change,
    Table,
    WrittenChange,
    after,
    as_known,
    changes_of,
    last_day,
)


def fund(since: str, to: str | None = None, name: str = "甲") -> dict[str, Any]:
    return {
        "code": "pension",
        "name": name,
        "in_force_from": since,
        "in_force_to": to,
        "source": "s",
        "certainty": "G",
    }


OLD = fund("1999-07-01")


def test_a_row_of_a_new_first_day_ends_the_version_that_it_succeeds() -> None:
    new = fund("2022-01-01", name="乙")
    assert changes_of(Table.FUND, [OLD], [new]) == [
        Change(Table.FUND, OLD, OLD | {"in_force_to": "2021-12-31"}),
        Change(Table.FUND, None, new),
    ]


def test_a_row_of_a_first_day_that_is_there_takes_its_place() -> None:
    new = fund("1999-07-01", name="乙")
    assert changes_of(Table.FUND, [OLD], [new]) == [Change(Table.FUND, OLD, new)]
    assert changes_of(Table.FUND, [OLD], [dict(OLD)]) == []


def test_a_predecessor_that_is_corrected_too_is_ended_as_corrected() -> None:
    proposed = [fund("1999-07-01", name="改"), fund("2022-01-01", name="乙")]
    first, second = changes_of(Table.FUND, [OLD], proposed)
    assert first.after == proposed[0] | {"in_force_to": "2021-12-31"}
    assert second.after == proposed[1]


def test_a_row_before_all_others_ends_nothing() -> None:
    early = fund("1990-01-01", "1999-06-30")
    assert changes_of(Table.FUND, [OLD], [early]) == [Change(Table.FUND, None, early)]


def test_the_order_of_an_accounts_funds_is_no_correction() -> None:
    row = {
        "key": "cash",
        "funds": "pension medical",
        "in_force_from": "2018-01-01",
        "in_force_to": None,
    }
    assert changes_of(Table.ACCOUNT, [row], [row | {"funds": "medical pension"}]) == []


days = st.dates(date(2000, 1, 1), date(2030, 1, 1)).map(date.isoformat)


@given(st.lists(st.tuples(days, st.sampled_from("乙丙丁")), max_size=8))
def test_corrections_taken_back_one_by_one_give_every_state_there_was(
    proposed: list[tuple[str, str]],
) -> None:
    start = datetime(2022, 1, 1, tzinfo=UTC)
    rows = {Table.FUND: [OLD]}
    states, made = [rows[Table.FUND]], []
    for number, (day, name) in enumerate(proposed, 1):
        present = rows[Table.FUND]
        covering = [row for row in present if row["in_force_from"] <= day]
        ends = min(
            (
                row["in_force_to"]
                for row in covering
                if last_day(row) >= date.fromisoformat(day) and row["in_force_to"]
            ),
            default=None,
        )
        changes = changes_of(Table.FUND, present, [fund(day, ends, name)])
        rows = after(rows, changes)  # type: ignore[assignment]
        at = start + timedelta(minutes=number)
        made += [
            WrittenChange(
                one.table, one.name, one.before, one.after, "", "", at + timedelta(seconds=k)
            )
            for k, one in enumerate(changes)
        ]
        states.append(rows[Table.FUND])
    for number, state in enumerate(states):
        then = as_known(rows, made, start + timedelta(minutes=number, seconds=30))

        def order(row: Any) -> str:
            return str(row["in_force_from"])

        assert sorted(then[Table.FUND], key=order) == sorted(state, key=order)
        ordered = sorted(state, key=order)
        for earlier, later in pairwise(ordered):
            assert last_day(earlier) < date.fromisoformat(later["in_force_from"])
