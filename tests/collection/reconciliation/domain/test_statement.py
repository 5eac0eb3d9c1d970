"""Days of a statement follow each other to the fen."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.reconciliation.domain.statement import (
    BalanceChainBroken,
    DayTotals,
    StatementDay,
    StatementHead,
    missing_days,
    require_chain,
)
from shared.bank_files.values import StatementEntry

FIRST = date(2021, 7, 1)


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.tuples(st.integers(0, 9), st.integers(-(10**9), 10**9))),
)
def test_every_day_begins_where_the_last_one_ended(
    opening_fen: int, entries: list[tuple[int, int]]
) -> None:
    closing_fen = opening_fen + sum(fen for _, fen in entries)
    head = StatementHead(
        account="income_deposit",
        first=FIRST,
        last=FIRST + timedelta(days=9),
        opening_fen=opening_fen,
        closing_fen=closing_fen,
    )
    totals = DayTotals(head)
    for number, (day, fen) in enumerate(entries):
        on = FIRST + timedelta(days=day)
        totals.number(
            StatementEntry(line_no=number, booked_on=on, amount_fen=fen, serial=str(number))
        )
    days = totals.days()
    assert [one.opening_fen for one in days] == [
        opening_fen,
        *(one.closing_fen for one in days[:-1]),
    ]
    assert days[-1].closing_fen == closing_fen
    assert sum(one.lines for one in days) == len(entries)
    require_chain(
        head, None, StatementDay(day=FIRST, opening_fen=closing_fen, closing_fen=0, lines=0)
    )
    before = StatementDay(day=FIRST, opening_fen=0, closing_fen=opening_fen + 1, lines=0)
    with pytest.raises(BalanceChainBroken):
        require_chain(head, before, None)


def test_days_without_a_statement_are_found() -> None:
    last = FIRST + timedelta(days=2)
    assert missing_days(FIRST, last, [FIRST]) == [FIRST + timedelta(days=1), last]
