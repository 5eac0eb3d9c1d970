"""Suspensions (停发): months that are not due, and the papers that began and ended them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from shared.ids import Ref
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A person's suspended months. `until` is the first month due again; None: nobody knows yet."""

    id: UUID
    district: str
    sealed_number: bytes
    name: bytes
    since: Period
    until: Period | None
    reason: str
    change: Ref
    resumed_by: Ref | None
