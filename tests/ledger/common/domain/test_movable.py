"""The amount that a dated movement takes from an account that receipts pass through."""

import pytest

from services.ledger.common.domain.movable import movable_fen


@pytest.mark.parametrize(
    ("balance_fen", "least_fen", "moved_fen"),
    [
        (100, 100, 100),
        (100, 40, 40),  # a later day needs the rest
        (100, -5, 0),  # a later day is below zero: nothing may be taken
        (0, -5, 0),
        (-5, -5, -5),
        (-5, -9, -5),  # exactly to zero on its own day
    ],
)
def test_a_movement_takes_what_every_later_day_leaves(
    balance_fen: int, least_fen: int, moved_fen: int
) -> None:
    assert movable_fen(balance_fen, least_fen) == moved_fen
