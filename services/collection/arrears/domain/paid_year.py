"""The contributions that a unit has paid for a year, and its heads: what a refund is computed from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidYear:
    """A unit's contributions of an insurance for the months of a year, as paid until now.

    `paid_fen` leaves out what a restatement gave back. `paid_months` are those that are paid in full.
    Heads are people covered on the last day: of the year before, of the year, and summed over the
    twelve months.
    """

    district: str
    insurance: str
    year: int
    paid_fen: int
    paid_months: int
    heads_before: int
    heads_after: int
    head_months: int
