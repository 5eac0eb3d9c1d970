"""Division of a paid amount over the lines of a bill. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.money import allot


def settled_by_line(settled_fen: int, amounts_fen: Sequence[int]) -> list[int]:
    """Divide the settled amount of a bill over its lines.

    The result sums to `settled_fen`. No line exceeds its amount, and no line shrinks when
    `settled_fen` grows.
    """
    rest_fen, owed_fen, settled = settled_fen, sum(amounts_fen), []
    if rest_fen == owed_fen:  # nearly every receipt; the loop gives the same result, slower
        return list(amounts_fen)
    for amount_fen in amounts_fen:
        other_fen = owed_fen - amount_fen
        part_fen = allot(rest_fen, [amount_fen, other_fen])[0] if owed_fen else 0
        settled.append(part_fen)
        rest_fen, owed_fen = rest_fen - part_fen, other_fen
    assert rest_fen == 0
    return settled


def divide(amounts_fen: Sequence[int], settled_fen: Sequence[int], taken_fen: int) -> list[int]:
    """Compute the settled amounts after all amounts together take `taken_fen` more."""
    before_fen = sum(settled_fen)
    if before_fen and list(settled_fen) != settled_by_line(before_fen, amounts_fen):
        # Lines were lowered (减免) after a part was paid. Divide the open amounts, because no line may
        # give back money.
        left_fen = [
            amount_fen - settled
            for amount_fen, settled in zip(amounts_fen, settled_fen, strict=True)
        ]
        more_fen = settled_by_line(taken_fen, left_fen)
        return [settled + more for settled, more in zip(settled_fen, more_fen, strict=True)]
    return settled_by_line(before_fen + taken_fen, amounts_fen)


def divide_in_turn(
    amounts_fen: Sequence[int],
    settled_fen: Sequence[int],
    taken_fen: int,
    turns: Iterable[Sequence[int]],
) -> list[int]:
    """Compute the settled amounts after groups of places take more, one group after another."""
    found = list(settled_fen)
    for places in turns:
        asked_fen = [amounts_fen[place] for place in places]
        before_fen = [found[place] for place in places]
        part_fen = min(taken_fen, sum(asked_fen) - sum(before_fen))
        for place, fen in zip(places, divide(asked_fen, before_fen, part_fen), strict=True):
            found[place] = fen
        taken_fen -= part_fen
    return found


def last_in_turn(groups: Sequence[Sequence[int]], last: Sequence[bool]) -> list[list[int]]:
    """Split groups of places, so that the places that are `last` come after all others."""
    return [
        [place for place in places if last[place] is late]
        for late in (False, True)
        for places in groups
    ]
