"""The rate of success: settled lines in those with a final result."""

import pytest

from services.collection.debits.domain.success import DebitSuccess


@pytest.mark.parametrize(
    ("lines", "settled", "open_lines", "rate"),
    [(100, 80, 0, 800_000), (3, 2, 0, 666_667), (10, 4, 5, 800_000), (5, 0, 5, None)],
)
def test_open_lines_count_for_nothing(
    lines: int, settled: int, open_lines: int, rate: int | None
) -> None:
    row = DebitSuccess(
        key="icbc",
        lines=lines,
        total_fen=0,
        settled_lines=settled,
        settled_fen=0,
        refused_lines=lines - settled - open_lines,
        returned_lines=0,
        open_lines=open_lines,
    )
    assert row.rate_ppm == rate
