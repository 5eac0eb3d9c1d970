"""Rules of draws: which marks a step looks at, and how many it takes."""

from services.payout.draws.domain import MARKS_AT_ONCE, disjoint, next_limit


def test_a_month_is_looked_at_once_if_all_months_of_its_person_are_marked() -> None:
    marks = [(2, b"b", "2026-08"), (1, b"a", "2026-08"), (1, b"a", ""), (2, b"b", "2026-08")]
    assert disjoint(marks) == [(1, b"a", ""), (2, b"b", "2026-08")]


def test_a_step_that_fails_is_halved_down_to_one_mark_and_grows_again() -> None:
    limits = [MARKS_AT_ONCE]
    for failed in (True, True, False, False, False):
        limits.append(next_limit(limits[-1], failed=failed))
    assert limits == [500, 250, 125, 250, 500, 500]
    assert next_limit(1, failed=True) == 1
