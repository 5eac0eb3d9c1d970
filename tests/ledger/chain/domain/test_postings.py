"""Lists of postings against the vouchers that they were made from."""

from datetime import date

import pytest

from services.ledger.chain.domain.postings import PostingList, PostingSums

DAY, NEXT = date(2021, 7, 15), date(2021, 7, 16)
DEBIT, CREDIT = 2 * 7, 2 * 8 + 1
RIGHT = (
    PostingList(7, DAY, 0, 2, 2, [1, 2], [10, 5]),
    PostingList(8, DAY, 0, 2, 2, [1, 2], [-10, -5]),
    PostingList(7, NEXT, 0, 3, 1, [3], [4]),
    PostingList(8, NEXT, 0, 3, 1, [3], [-4]),
)


def faults(*lists: PostingList) -> list[str]:
    sums = PostingSums(3)
    sums.add_voucher(1, DAY, [DEBIT, CREDIT], [10, 10])
    sums.add_voucher(2, DAY, [DEBIT, DEBIT, CREDIT], [2, 3, 5])
    sums.add_voucher(3, NEXT, [DEBIT, CREDIT], [4, 4])
    sums.add_voucher(4, NEXT, [DEBIT, CREDIT], [9, 9])  # behind the checkpoint
    for one in lists:
        sums.take_list(one)
    return sums.faults(2)


def test_lists_of_the_right_places_and_days_have_no_fault() -> None:
    assert faults(*RIGHT) == []


@pytest.mark.parametrize(
    "changed",
    [
        PostingList(7, NEXT, 0, 3, 1, [3], [5]),
        PostingList(7, NEXT, 0, 2, 1, [2], [4]),
        PostingList(7, NEXT, 0, 3, 2, [3], [4]),
        PostingList(7, NEXT, 0, 4, 1, [3], [4]),
        PostingList(7, NEXT, 0, 3, 1, [3], []),
        PostingList(7, NEXT, 0, 3, 0, [], []),
    ],
)
def test_a_changed_list_is_named_by_place_and_day(changed: PostingList) -> None:
    assert faults(*RIGHT[:2], changed, RIGHT[3]) == [
        "slot 2: the postings of place 7 on 2021-07-16 are not its vouchers'"
    ]
