"""File and decide changes of flags and of the rules of inspections; ask what a flag blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from services.collection.common.flows import signed_change as signed_change_flow
from services.collection.flags import store as flags_store
from services.collection.flags.domain import (
    BlockedService,
    CreditFlag,
    FlagAction,
    FlagExists,
    InspectionRule,
    NotFlagged,
    RuleTopic,
    UnitFlagged,
    counting,
    months_later,
    rule_faults,
    rule_key,
    rule_of,
)
from services.collection.register.flows import unit as unit_flow
from shared.errors import Faulty
from shared.ids import Ref, unit_key
from shared.references import Reference
from shared.roles import Caller

FLAG = ChangeSubject.CREDIT_FLAG
RULE = ChangeSubject.INSPECTION_RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagChange:
    """A change of the flag of a unit (by credit code) or a person (by reference)."""

    action: FlagAction
    target: str
    since: date
    until: date | None
    basis: str
    document: str
    reason: str
    inspection: str | None = None

    @property
    def key(self) -> int:
        """The shard key under which the flag and its papers lie."""
        return key_of_target(self.target)


def key_of_target(target: str) -> int:
    """Compute the shard key of a unit or a person.

    Raises:
        NotAReference: it is neither a credit code nor the reference of a person.
    """
    if len(target) == len("91120101MA05K0TH1H"):
        return unit_key(target)
    return Ref.parse(Reference.PERSON, target).key


async def flags_of(
    tx: AsyncConnection, target: str, caller: Caller
) -> tuple[Sequence[CreditFlag], Sequence[SignedChange]]:
    """Read the flags of a unit or a person, and the changes that wait.

    Raises:
        UnitUnknown, Forbidden: the unit.
    """
    await _require_target(tx, target, caller)
    waiting = await signed_change_flow.page(tx, FLAG, status="filed", target=target)
    return await flags_store.flags(tx, key_of_target(target), target), waiting


async def file(tx: AsyncConnection, change: FlagChange, caller: Caller) -> SignedChange:
    """File a change of a flag. It changes nothing before another person approves it.

    Raises:
        UnitUnknown, Forbidden: the unit. FlagExists, NotFlagged: nothing to set, or to lift.
        SignedChangeWaits: another change of it is not decided yet.
    """
    await _require_target(tx, change.target, caller)
    await _require_change(tx, change.action, change.target, change.since)
    return await signed_change_flow.file(
        tx,
        FLAG,
        shard_key=change.key,
        target=change.target,
        content={
            "action": change.action.value,
            "target": change.target,
            "since": change.since.isoformat(),
            "until": change.until and change.until.isoformat(),
            "basis": change.basis,
            "document": change.document,
            "inspection": change.inspection,
        },
        reason=change.reason,
        caller=caller,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedInspection:
    """An inspection that was closed with an outcome: the unit, the case and its document."""

    credit_code: str
    outcome: str
    reference: str
    document: str


async def propose_after(
    tx: AsyncConnection, cause: ClosedInspection, *, today: date, caller: Caller
) -> SignedChange | None:
    """File the flag that the rules demand after an outcome of an inspection, if they do.

    A unit that is flagged already, or whose change waits, gets no second one.
    """
    rules = await flags_store.rules(tx)
    rule = rule_of(rules, RuleTopic.FLAG_AFTER, cause.outcome, today)
    flags, waiting = await flags_of(tx, cause.credit_code, caller)
    if rule is None or not rule.value or counting(flags, today) or waiting:
        return None
    change = FlagChange(
        action=FlagAction.SET,
        target=cause.credit_code,
        since=today,
        until=months_later(today, rule.value),
        basis=rule.basis,
        document=cause.document,
        reason=f"稽核结案:{cause.outcome}",
        inspection=cause.reference,
    )
    return await file(tx, change, caller)


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve a change of a flag, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
        FlagExists, NotFlagged: it was set or lifted meanwhile.
    """
    filed = await signed_change_flow.find_filed(tx, FLAG, ref)
    await _require_target(tx, filed.target, caller)
    since = date.fromisoformat(filed.content["since"])
    await _require_change(tx, FlagAction(filed.content["action"]), filed.target, since)
    return await signed_change_flow.approve(tx, FLAG, ref, caller)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse a change of a flag, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, FLAG, ref, why, caller)


async def _require_target(tx: AsyncConnection, target: str, caller: Caller) -> None:
    if not target.startswith(f"{Reference.PERSON}_"):
        await unit_flow.find(tx, target, caller)


async def _require_change(
    tx: AsyncConnection, action: FlagAction, target: str, since: date
) -> None:
    flag = counting(await flags_store.flags(tx, key_of_target(target), target), since)
    if action is FlagAction.SET and flag is not None:
        raise FlagExists(since=flag.since)
    if action is FlagAction.LIFT and flag is None:
        raise NotFlagged


async def blocking(
    tx: AsyncConnection, credit_code: str, service: BlockedService, on: date
) -> CreditFlag | None:
    """Find the flag of a unit that blocks a service on a day, if a rule says so."""
    flag = counting(await flags_store.flags(tx, unit_key(credit_code), credit_code), on)
    if flag is None:
        return None
    rules = await flags_store.rules(tx)
    rule = rule_of(rules, RuleTopic.FLAG_BLOCKS, service, on)
    return flag if rule is not None and rule.value else None


async def require_unblocked(
    tx: AsyncConnection, credit_code: str, service: BlockedService, on: date
) -> None:
    """Refuse a service to a flagged unit, if a rule says so.

    Raises:
        UnitFlagged: its flag blocks the service.
    """
    flag = await blocking(tx, credit_code, service, on)
    if flag is not None:
        raise UnitFlagged(basis=flag.basis, document=flag.document, since=flag.since)


async def objection_days(tx: AsyncConnection, on: date) -> int:
    """Read the days that a unit has for an objection, by the rule of a day."""
    rule = rule_of(await flags_store.rules(tx), RuleTopic.OBJECTION_DAYS, "unit", on)
    assert rule is not None, (
        "the first rule begins in 2003, and a change never ends without another"
    )
    return rule.value


async def rules(tx: AsyncConnection) -> tuple[Sequence[InspectionRule], Sequence[SignedChange]]:
    """Read the rules, and the changes of them that wait for their decision."""
    return await flags_store.rules(tx), await signed_change_flow.waiting(tx, RULE)


async def file_rule(tx: AsyncConnection, rule: InspectionRule, caller: Caller) -> SignedChange:
    """File a rule from a day on.

    Raises:
        Faulty: every fault of it. SignedChangeWaits: another change of it is not decided yet.
    """
    faults = rule_faults(rule)
    if faults:
        raise Faulty(faults=faults)
    return await signed_change_flow.file(
        tx,
        RULE,
        shard_key=rule_key(rule.topic, rule.code),
        target=f"{rule.topic}.{rule.code}",
        content={
            "topic": rule.topic.value,
            "code": rule.code,
            "value": rule.value,
            "basis": rule.basis,
            "in_force_from": rule.in_force_from.isoformat(),
        },
        reason=rule.reason,
        caller=caller,
    )


async def approve_rule(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve a rule, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
    """
    return await signed_change_flow.approve(tx, RULE, ref, caller)


async def refuse_rule(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse a rule, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, RULE, ref, why, caller)
