"""The amount that a dated movement may take from an account that receipts pass through."""

from __future__ import annotations


def movable_fen(balance_fen: int, least_fen: int) -> int:
    """Return what a movement of a day moves to empty an account; below zero, what it brings back.

    Args:
        balance_fen: the balance at the end of the day.
        least_fen: the least of the balances of that day and of all later days.
    """
    return balance_fen if balance_fen < 0 else max(least_fen, 0)
