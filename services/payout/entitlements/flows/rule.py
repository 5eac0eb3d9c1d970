"""Proposing, deciding and reading dated rules of entitlements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.rule import (
    PAPER,
    EntitlementRule,
    RuleDecided,
    RuleStatus,
    RuleTopic,
)
from services.payout.entitlements.store import rule as rule_store
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref, key_of
from shared.references import Reference
from shared.roles import Caller


def rule_key(topic: RuleTopic) -> int:
    """Compute the shard key of a topic's rules."""
    return key_of("entitlement_rule", topic.value)


async def propose(
    tx: AsyncConnection,
    *,
    topic: RuleTopic,
    code: str,
    in_force_from: date,
    value: Mapping[str, Any],
    source: str,
    caller: Caller,
) -> EntitlementRule:
    """Propose a rule, or the correction of one; it counts once another person approves it."""
    rule = EntitlementRule(
        ref=Ref.new(rule_key(topic)),
        topic=topic,
        code=code,
        in_force_from=in_force_from,
        value=value,
        source=source,
        status=RuleStatus.PROPOSED,
        proposed_by=caller.subject,
        decided_by=None,
    )
    await rule_store.insert(tx, rule)
    await _record(tx, rule, "proposed", caller, why=None)
    return rule


async def decide(
    tx: AsyncConnection, ref: Ref, status: RuleStatus, note: str | None, *, caller: Caller
) -> EntitlementRule:
    """Approve or refuse a rule as another person than its proposer.

    Raises:
        NotFound: no such rule.
        RuleDecided: it is decided already.
        SamePersonTwice: the caller proposed it.
    """
    rule = await rule_store.load(tx, ref, lock=True)
    if rule is None:
        raise NotFound(entitlement_rule=ref.text(Reference.ENTITLEMENT_RULE))
    if rule.status is not RuleStatus.PROPOSED:
        raise RuleDecided(status=rule.status.value)
    await _record(tx, rule, status.value, caller, why=note)
    await rule_store.decide(tx, ref, status, caller.subject)
    return replace(rule, status=status, decided_by=caller.subject)


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[EntitlementRule]:
    """Read rules in order of proposal; `filters` are columns and the values they must have."""
    return await rule_store.page(tx, filters=filters, after=after, limit=limit)


async def _record(
    tx: AsyncConnection, rule: EntitlementRule, step: str, caller: Caller, *, why: str | None
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=rule.ref.key,
            paper=PAPER,
            paper_id=rule.ref.id,
            step=step,
            signs=True,
            why=why,
            detail={
                "topic": rule.topic.value,
                "code": rule.code,
                "in_force_from": rule.in_force_from.isoformat(),
            },
        ),
        caller,
    )
