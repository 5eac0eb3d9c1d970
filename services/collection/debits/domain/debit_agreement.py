"""Three-party agreements (三方协议): unit, bank and centre agree that an account may be debited. Pure.

One person files an agreement or its cancellation, another approves. A cancellation takes effect
after ten working days; until then the bank still debits under the agreement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.errors import Fault, NotFound, StateConflict

CANCELLATION_WORKDAYS: Final = 10
"""Workdays until a cancellation takes effect, by the rules of collective debits (集中代收付)."""


class DebitAgreementState(StrEnum):
    """Status of an agreement."""

    FILED = "filed"
    APPROVED = "approved"
    REFUSED = "refused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


class ExclusionReason(StrEnum):
    """Reason for which an open bill is not in a batch."""

    DEFERRED = "deferred"
    NO_AGREEMENT = "no_agreement"
    NOT_YET_VALID = "agreement_not_yet_valid"
    EXPIRED = "agreement_expired"
    ENDED = "agreement_ended"
    ABOVE_LIMIT = "above_limit"
    RETRY_NOT_DUE = "retry_not_due"
    RETRIES_USED = "retries_used"


class DebitAgreementUnknown(NotFound):
    """无此扣款协议 (no such debit agreement)"""

    code = "DEBIT_AGREEMENT_UNKNOWN"


class DebitAgreementWaits(StateConflict):
    """该单位已有待批的扣款协议 (an agreement of this unit waits for its decision)"""

    code = "DEBIT_AGREEMENT_WAITS"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitAgreement:
    """An agreement. `bank` is {bank, number, name} with a sealed number; no limit is no maximum."""

    unit_id: int
    id: UUID
    credit_code: str
    district: str
    number: str
    bank_code: str
    bank: Mapping[str, Any]
    valid_from: date
    valid_to: date | None
    limit_fen: int | None
    signed_on: date | None
    cancelled_on: date | None = None
    ends_on: date | None = None
    status: DebitAgreementState = DebitAgreementState.FILED
    carried_over: bool = False


def faults_of(agreement: DebitAgreement, today: date) -> Iterator[Fault]:
    """Find the faults of a new agreement."""
    if agreement.signed_on and agreement.signed_on > today:
        yield Fault("/signed_on", "DAY_IN_FUTURE", "签订日晚于今天 (signed after today)")
    if agreement.signed_on and agreement.valid_from < agreement.signed_on:
        message = "生效日早于签订日 (valid before it was signed)"
        yield Fault("/valid_from", "VALID_BEFORE_SIGNED", message)
    if agreement.valid_to and agreement.valid_to < agreement.valid_from:
        message = "失效日早于生效日 (the last day is before the first)"
        yield Fault("/valid_to", "VALID_TO_BEFORE_FROM", message)


def fault_of_cancellation(agreement: DebitAgreement, on: date, today: date) -> Fault | None:
    """Find the fault of the day on which a unit cancels."""
    if on > today:
        return Fault("/cancelled_on", "DAY_IN_FUTURE", "解约日晚于今天 (cancelled after today)")
    if agreement.signed_on and on < agreement.signed_on:
        message = "解约日早于签订日 (cancelled before it was signed)"
        return Fault("/cancelled_on", "CANCELLED_BEFORE_SIGNED", message)
    return None


def workday_after(day: date, count: int, workdays: Mapping[date, bool]) -> date:
    """Return the `count`-th workday after a day. Days outside the table count by their weekday."""
    while count:
        day += timedelta(1)
        count -= workdays.get(day, day.weekday() < 5)
    return day


def workday_before(day: date, count: int, workdays: Mapping[date, bool]) -> date:
    """Return the latest day after which the `count`-th workday is `day` or earlier."""
    while count:
        count -= workdays.get(day, day.weekday() < 5)
        day -= timedelta(1)
    return day
