"""The adjustment table ties whatever one side lacks, and shows what nothing explains."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.collection.reconciliation.domain.bank_table import (
    AdjustmentLine,
    AdjustmentSide,
    AdjustmentTable,
)

DAY = date(2021, 7, 31)
FEN = st.integers(-(10**12), 10**12)


def line(statement_fen: int, book_fen: int) -> AdjustmentLine:
    return AdjustmentLine(
        subject="x",
        kind="amount_differs",
        day=DAY,
        statement_fen=statement_fen,
        book_fen=book_fen,
        status=None,
        owner=None,
        reason=None,
    )


@given(st.lists(st.tuples(FEN, FEN).filter(lambda one: one[0] != one[1])), FEN, FEN)
def test_movements_of_one_side_explain_the_balances(
    apart: list[tuple[int, int]], common_fen: int, unexplained_fen: int
) -> None:
    table = AdjustmentTable(
        account="income_deposit",
        as_of=DAY,
        statement_day=DAY,
        bank_fen=common_fen + sum(bank for bank, _ in apart),
        book_fen=common_fen + sum(book for _, book in apart) + unexplained_fen,
        lines=[line(*one) for one in apart],
    )
    assert table.difference_fen == unexplained_fen
    assert sum(len(table.of_side(side)) for side in AdjustmentSide) == len(apart)
