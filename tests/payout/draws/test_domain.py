"""Rules of draws: which marks a step looks at, how many it takes, and the order of messages."""

from services.payout.draws.domain import MARKS_AT_ONCE, disjoint, next_limit, version_of
from shared.ids import uuid7


def test_a_month_is_looked_at_once_if_all_months_of_its_person_are_marked() -> None:
    marks = [(2, b"b", "2026-08"), (1, b"a", "2026-08"), (1, b"a", ""), (2, b"b", "2026-08")]
    assert disjoint(marks) == [(1, b"a", ""), (2, b"b", "2026-08")]


def test_a_step_that_fails_is_halved_down_to_one_mark_and_grows_again() -> None:
    limits = [MARKS_AT_ONCE]
    for failed in (True, True, False, False, False):
        limits.append(next_limit(limits[-1], failed=failed))
    assert limits == [500, 250, 125, 250, 500, 500]
    assert next_limit(1, failed=True) == 1


def test_a_later_message_about_retired_people_has_the_greater_version() -> None:
    before = uuid7().hex
    versions = [version_of(number) for number in (1, 9, 10, 1_796_000_000_000_000)]
    assert [before, *versions] == sorted([before, *versions])
