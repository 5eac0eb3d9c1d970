"""Proof of the lists of postings: compared with the vouchers that they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import zip_longest
from typing import NamedTuple

from services.ledger.chain.domain.proof import FAULTS_MAX


class PostingList(NamedTuple):
    """The postings of one place and day that one checkpoint wrote: sequence numbers counted from
    `from_seq`, and net amounts."""

    place: int
    day: date
    from_seq: int
    upto_seq: int
    postings: int
    offsets: Sequence[int]
    nets_fen: Sequence[int]


class PostingSums:
    """Postings by place and day of a slot's vouchers, less those that its lists tell.

    Their number, amounts and a sum of hashes are compared: one number for each place and day,
    however many vouchers there are.
    """

    def __init__(self, checkpoint: int) -> None:
        """Begin; vouchers after the checkpoint are in no list yet."""
        self._checkpoint = checkpoint
        self._sums: dict[tuple[int, date], list[int]] = {}
        self._unsound: set[tuple[int, date]] = set()

    def add_voucher(
        self, seq: int, day: date, places: Sequence[int], amounts: Sequence[int]
    ) -> None:
        """Add a voucher's postings."""
        if seq > self._checkpoint:
            return
        nets: dict[int, int] = {}
        for sided, fen in zip(places, amounts, strict=False):
            nets[sided >> 1] = nets.get(sided >> 1, 0) + (-fen if sided & 1 else fen)
        for place, net_fen in nets.items():
            sums = self._sums.get((place, day))
            if sums is None:
                sums = self._sums[place, day] = [0, 0, 0]
            sums[0] += 1
            sums[1] += net_fen
            sums[2] += _mark(seq, net_fen)

    def take_list(self, one: PostingList) -> None:
        """Take away the postings of a list; what lacks its other half counts as an amount of 0."""
        sums = self._sums.setdefault((one.place, one.day), [0, 0, 0])
        seq = one.from_seq
        for offset, net_fen in zip_longest(one.offsets, one.nets_fen, fillvalue=0):
            seq = one.from_seq + offset
            sums[0] -= 1
            sums[1] -= net_fen
            sums[2] -= _mark(seq, net_fen)
        if not any(sums):
            del self._sums[one.place, one.day]
        if one.postings != len(one.offsets) or one.upto_seq != seq or not one.offsets:
            self._unsound.add((one.place, one.day))

    def faults(self, slot: int) -> list[str]:
        """Describe the places and days whose lists are not what the vouchers say."""
        return [
            f"slot {slot}: the postings of place {place} on {day} are not its vouchers'"
            for place, day in sorted(self._sums.keys() | self._unsound)
        ][:FAULTS_MAX]


def _mark(seq: int, net_fen: int) -> int:
    # Of the text: its hash is salted anew in each process, so nobody can make two alike.
    return hash((seq, str(net_fen)))
