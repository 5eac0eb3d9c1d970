"""Facts of pensioners that raises ask for: month of birth, month of retirement, months paid.

The month of birth is read from the identity number, whose day stays sealed. Retirement and months
paid come on lists by two people; the latest approved list counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.common.domain import identity_number_faults
from shared.cn.identity_number import birth_date
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref, key_of
from shared.period import Period

PAPER: Final = "pension_fact_list"
PAID_MONTHS_MAX: Final = 720
"""Sixty years of contributions are a typing error."""


class FactListStatus(StrEnum):
    """The states of a list of facts."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


class FactListDecided(Refusal):
    """该名单已有结论 (the list is approved or refused already)"""

    kind = Kind.CONFLICT
    code = "PENSION_FACT_LIST_DECIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDraft:
    """The facts of one person as submitted."""

    identity_number: str
    retired_in: Period
    paid_months: int

    @property
    def born_in(self) -> Period | None:
        """The month of birth in the number; None for a number without one."""
        born = birth_date(self.identity_number)
        return None if born is None else Period.of(born)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactList:
    """A list of facts of a district's pensioners."""

    ref: Ref
    kind: str
    district: str
    document: str
    people: int
    status: FactListStatus
    proposed_by: str


def new_fact_list(
    *, kind: str, district: str, document: str, people: int, proposed_by: str
) -> FactList:
    """Build a list that is not stored yet."""
    return FactList(
        ref=Ref.new(key_of("pension_fact_list", district)),
        kind=kind,
        district=district,
        document=document,
        people=people,
        status=FactListStatus.PROPOSED,
        proposed_by=proposed_by,
    )


def fact_faults(drafts: Sequence[FactDraft], today: date) -> list[Fault]:
    """Find every fault in a submitted list."""
    faults = identity_number_faults(
        (
            (f"/people/{index}/identity_number", one.identity_number)
            for index, one in enumerate(drafts)
        ),
        today,
    )
    first_of: dict[str, int] = {}
    for index, draft in enumerate(drafts):
        if (first := first_of.setdefault(draft.identity_number, index)) != index:
            message = f"与第 {first} 项为同一人 (the same person as item {first})"
            faults.append(Fault(f"/people/{index}/identity_number", "PERSON_REPEATED", message))
        if draft.retired_in > Period.of(today):
            message = "退休月份尚未到来 (the month of retirement has not begun)"
            faults.append(Fault(f"/people/{index}/retired_in", "PERIOD_IN_FUTURE", message))
    return faults


def unknown_faults(known: Sequence[bool]) -> list[Fault]:
    """Find people who have no pension in the district of the list."""
    message = "该区没有此人的养老待遇 (the district pays no pension to this person)"
    return [
        Fault(f"/people/{index}/identity_number", "PENSIONER_UNKNOWN", message)
        for index, is_known in enumerate(known)
        if not is_known
    ]
