"""Proofs of life (待遇资格认证): the cycle that a rule sets, and whether a person's is due or missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.common.domain import identity_number_faults
from services.payout.entitlements.domain.rule import LifeProofRule
from shared.errors import Fault
from shared.period import Period

PROOFS_MAX: Final = 10_000


class ProofChannel(StrEnum):
    """Ways to prove that a person lives."""

    COUNTER = "counter"  # 窗口
    SELF_SERVICE = "self_service"  # 人脸识别自助认证
    DATA = "data"  # 数据比对静默认证
    HOME_VISIT = "home_visit"  # 上门服务
    AGENT = "agent"  # 社区、银行等代办
    ABROAD = "abroad"  # 境外使领馆


class ProofState(StrEnum):
    """The states of a person's proof on a day."""

    GIVEN = "given"
    DUE = "due"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofDraft:
    """A proof as submitted."""

    identity_number: str
    proved_on: date
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle: a proof from `opens` on counts for it; it is missed from `missed_from` on."""

    due: Period
    opens: Period
    missed_from: Period


def proof_faults(drafts: Sequence[ProofDraft], today: date) -> list[Fault]:
    """Find every fault in submitted proofs."""
    faults = identity_number_faults(
        (
            (f"/proofs/{index}/identity_number", draft.identity_number)
            for index, draft in enumerate(drafts)
        ),
        today,
    )
    return faults + [
        Fault(f"/proofs/{index}/proved_on", "DATE_IN_FUTURE", "不得晚于今天 (not later than today)")
        for index, draft in enumerate(drafts)
        if draft.proved_on > today
    ]


def _cycles(rule: LifeProofRule, born: date, month: Period) -> Iterator[Cycle]:
    """List the cycles around a month that the rule asks for, latest first."""
    for year in range(month.year + 1, month.year - 3, -1):
        due = Period(year, rule.month or born.month)
        if rule.first_due is not None and due < rule.first_due:
            return
        if (due.year - born.year, due.month) >= (rule.from_age, born.month):
            yield Cycle(due, due.plus(-rule.early_months), due.plus(rule.grace_months + 1))


def proof_state(
    rule: LifeProofRule, born: date, since: Period, proved_on: date | None, today: date
) -> tuple[ProofState, Period | None]:
    """Tell whether a person's proof is due or missed on a day, and of which cycle.

    `since` is the first month of the pension: who opened it in a cycle was there in person. A proof
    counts for every cycle that had opened by its day, so a late one makes good what was missed.
    """
    month = Period.of(today)
    seen = since if proved_on is None else max(since, Period.of(proved_on))
    open_ones = [cycle for cycle in _cycles(rule, born, month) if cycle.opens <= month]
    for cycle in open_ones:
        if cycle.missed_from <= month and seen < cycle.opens:
            return ProofState.MISSED, cycle.due
    if open_ones and seen < open_ones[0].opens:
        return ProofState.DUE, open_ones[0].due
    return ProofState.GIVEN, open_ones[0].due if open_ones else None
