"""Rate limits: how often one client may come to one door (RateLimit fields, 429).

Each client has a bucket per door that refills evenly (GCRA): a bucket is one number, the moment at
which it will be full again, so a check is two dictionary look-ups and a forgotten bucket is a full
one. The numbers are data, and each process counts for itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Kind, Refusal
from shared.roles import Role

SHIPPED: Final = Path(__file__).parent / "data/rate_limits.json"
BUCKETS_MAX: Final = 20_000
"""Buckets that are kept, some 4 MB; beyond them new clients share one bucket per limit."""
_SWEEP_SECONDS: Final = 1.0

Count = Annotated[int, Field(ge=1, le=10_000_000)]


class RateExceeded(Refusal):
    """请求过于频繁,请稍后重试 (too many requests; try again later)"""

    kind = Kind.TOO_MANY
    code = "RATE_LIMITED"

    def __init__(self, fields: RateFields) -> None:
        super().__init__(quota=fields.quota, seconds=fields.seconds, retry_after=fields.wait)
        self.retry_after = fields.wait
        self.fields = fields


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pace(_Shape):
    """The requests of one client to one door in a window."""

    reads: Count
    writes: Count


class RateLimits(_Shape):
    """The rate limits of a service: the shape of the data file."""

    seconds: Annotated[int, Field(ge=1, le=3600)]
    """The window that all numbers are counted in."""
    open: Pace
    """Requests of one address to a door that asks for no token."""
    bad_token: Count
    """Requests of one address with a token that does not verify."""
    others: Pace
    """Each caller whose role is not named."""
    roles: dict[Role, Pace | None]
    """Role → its pace; null: no limit, for services that have limits of their own."""

    def pace_of(self, role: Role) -> Pace | None:
        """Return the pace of a role; None for no limit."""
        return self.roles.get(role, self.others)


@lru_cache(maxsize=4)
def read_limits(path: Path | None = None) -> RateLimits:
    """Read the limits of a file, or those shipped."""
    return RateLimits.model_validate_json((path or SHIPPED).read_bytes())


class RateFields(NamedTuple):
    """The state of a bucket as the fields of an answer."""

    name: str
    quota: int
    seconds: int
    left: int
    wait: int
    """Seconds until another request is welcome (or the bucket is full, while some are left)."""

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the two fields of draft-ietf-httpapi-ratelimit-headers."""
        return [
            (b"ratelimit-policy", _policy(self.name, self.quota, self.seconds)),
            (b"ratelimit", f'"{self.name}";r={self.left};t={self.wait}'.encode()),
        ]


@lru_cache(maxsize=256)
def _policy(name: str, quota: int, seconds: int) -> bytes:
    return f'"{name}";q={quota};w={seconds}'.encode()


class Buckets:
    """The buckets of one process."""

    def __init__(
        self, *, most: int = BUCKETS_MAX, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._full_at: dict[Hashable, float] = {}
        self._swept_at = -_SWEEP_SECONDS
        self._most = most
        self._clock = clock

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, name: str, key: Hashable, quota: int, seconds: int) -> RateFields:
        """Take one request out of a bucket.

        Raises:
            RateExceeded: the bucket is empty.
        """
        now = self._clock()
        place: Hashable = (name, key)
        full_at = self._full_at.get(place)
        if full_at is None:
            if len(self._full_at) >= self._most and not self._forget(now):
                place = name
            full_at = self._full_at.get(place, now)
        each = seconds / quota
        later = max(full_at, now) + each
        if later - now > seconds:
            wait = max(1, math.ceil(later - now - seconds))
            raise RateExceeded(RateFields(name, quota, seconds, 0, wait))
        self._full_at[place] = later
        left = int((seconds - (later - now)) / each)
        return RateFields(name, quota, seconds, left, math.ceil(later - now))

    def _forget(self, now: float) -> bool:
        """Drop the buckets that are full again; return whether there is room."""
        if now - self._swept_at < _SWEEP_SECONDS:
            return False
        self._swept_at = now
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        return len(self._full_at) < self._most
