"""Rate limits: a bucket per client and door, fields that say what is left, and bounded memory."""

import pytest

from shared.guard.rate_limit import Buckets, RateExceeded, read_limits
from shared.roles import Role


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_refills_evenly() -> None:
    clock = Clock()
    buckets = Buckets(clock=clock)
    left = [buckets.take("writes", "a", 3, 60).left for _ in range(3)]
    assert left == [2, 1, 0]
    with pytest.raises(RateExceeded) as refused:
        buckets.take("writes", "a", 3, 60)
    assert refused.value.retry_after == 20
    assert buckets.take("writes", "b", 3, 60).left == 2
    clock.now += 20
    assert buckets.take("writes", "a", 3, 60).left == 0
    clock.now += 60
    assert buckets.take("writes", "a", 3, 60).left == 2


def test_a_refused_request_takes_nothing() -> None:
    clock = Clock()
    buckets = Buckets(clock=clock)
    buckets.take("open", "a", 1, 60)
    for _ in range(50):
        with pytest.raises(RateExceeded):
            buckets.take("open", "a", 1, 60)
    clock.now += 60
    buckets.take("open", "a", 1, 60)


def test_many_addresses_leave_no_more_memory_than_there_is() -> None:
    clock = Clock()
    buckets = Buckets(most=100, clock=clock)
    for number in range(100):
        buckets.take("open", number, 1000, 60)
    for number in range(100, 5000):
        try:
            buckets.take("open", number, 1000, 60)
        except RateExceeded:
            break
    else:
        pytest.fail("the addresses beyond the limit share a bucket")
    assert len(buckets) <= 101
    clock.now += 120  # all are full again, which is what a forgotten one is
    assert buckets.take("open", "new", 10, 60).left == 9
    assert len(buckets) <= 2


def test_the_shipped_limits_leave_our_own_services_alone() -> None:
    limits = read_limits()
    assert limits.pace_of(Role.COLLECTION_SERVICE) is None
    assert limits.pace_of(Role.PAYOUT_SERVICE) is None
    pace = limits.pace_of(Role.DISTRICT_CLERK)
    assert pace is not None
    assert pace.writes < pace.reads


def test_the_fields_of_an_answer() -> None:
    fields = Buckets(clock=Clock()).take("reads", "a", 60, 60)
    assert fields.headers() == [
        (b"ratelimit-policy", b'"reads";q=60;w=60'),
        (b"ratelimit", b'"reads";r=59;t=1'),
    ]
