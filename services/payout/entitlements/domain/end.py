"""Ends of entitlements (待遇终止): the last month to be paid and the reason, by two people.

No month after the last one is due, whatever rows are registered, until the pension begins again in a
later month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.common.domain import identity_number_faults
from services.payout.entitlements.domain.entitlement import Entitlement
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref
from shared.period import Period

PAPER: Final = "entitlement_end"
AHEAD_MONTHS: Final = 12
"""The longest time ahead for which an end may be proposed."""


class EndReason(StrEnum):
    """Reasons for ending an entitlement."""

    DEATH = "death"  # 死亡
    MOVED = "moved"  # 转往外地
    NOT_ELIGIBLE = "not_eligible"  # 不符合领取条件
    DUPLICATE = "duplicate"  # 重复登记
    OTHER = "other"  # 其他,须说明


class EndStatus(StrEnum):
    """The states of an end."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    SET_ASIDE = "set_aside"  # 记录合并后不再适用: it ended an entitlement that was merged away


class EntitlementUnknown(Refusal):
    """该人没有此项待遇资格 (this person has no such entitlement)"""

    kind = Kind.NOT_FOUND
    code = "ENTITLEMENT_UNKNOWN"


class EntitlementElsewhere(Refusal):
    """待遇由其他分中心发放,须由该分中心办理 (another district pays this person; it must end the entitlement)"""

    kind = Kind.CONFLICT
    code = "ENTITLEMENT_ELSEWHERE"


class EndExists(Refusal):
    """该人已有待审的终止,或自同月终止 (an end waits for approval, or one with this month is approved)"""

    kind = Kind.CONFLICT
    code = "ENTITLEMENT_END_EXISTS"


class EndDecided(Refusal):
    """该终止已有结论 (the end is approved or refused already)"""

    kind = Kind.CONFLICT
    code = "ENTITLEMENT_END_DECIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDraft:
    """An end as submitted."""

    identity_number: str
    kind: str
    district: str
    last_period: Period
    reason: EndReason
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementEnd:
    """A stored end."""

    ref: Ref
    blind: bytes
    kind: str
    district: str
    sealed_number: bytes
    name: bytes
    last_period: Period
    reason: str
    note: str | None
    status: EndStatus
    proposed_by: str


@dataclass(frozen=True, slots=True)
class PaidMonth:
    """The amount paid of a person's month."""

    period: Period
    amount_fen: int


def end_faults(draft: EndDraft, today: date) -> list[Fault]:
    """Find every fault in a submitted end."""
    faults = identity_number_faults([("/identity_number", draft.identity_number)], today)
    if draft.reason is EndReason.OTHER and not draft.note:
        faults.append(Fault("/note", "NOTE_MISSING", "须说明理由 (this reason needs a note)"))
    latest = Period.of(today).plus(AHEAD_MONTHS)
    if draft.last_period > latest:
        message = f"不得晚于 {latest} (not later than {latest})"
        faults.append(Fault("/last_period", "PERIOD_TOO_LATE", message))
    return faults


def paying_row(rows: Sequence[Entitlement], draft: EndDraft) -> Entitlement:
    """Find the row that pays the person now: the one with the latest first month.

    Raises:
        EntitlementUnknown: the person has no row.
        EntitlementElsewhere: another district pays.
    """
    if not rows:
        raise EntitlementUnknown(kind=draft.kind)
    latest = max(rows, key=lambda row: row.since)
    if latest.district != draft.district:
        raise EntitlementElsewhere(district=latest.district)
    return latest
