"""Proposing, deciding and reading changes of entitlements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys, record_reading
from services.payout.draw_marks import store as draw_marks_store
from services.payout.entitlements.domain.change import (
    PAPER,
    BankAccount,
    ChangeAction,
    ChangeDecided,
    ChangeDraft,
    ChangeLine,
    ChangeStatus,
    EntitlementChange,
    PersonDraft,
    draft_faults,
)
from services.payout.entitlements.domain.end import EndReason
from services.payout.entitlements.domain.rule import (
    LIFE_PROOF_MISSED,
    ReasonRule,
    first_month_not_due,
    reason_faults,
)
from services.payout.entitlements.domain.state import (
    LineState,
    StoredRow,
    state_faults,
)
from services.payout.entitlements.store import applied as applied_store
from services.payout.entitlements.store import change as change_store
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.entitlements.store import rule as rule_store
from services.payout.formulas.domain.person import PENSION
from services.payout.persons import flows as persons_flow
from services.payout.persons import store as persons_store
from services.payout.withdrawals import store as withdrawals_store
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref, key_of
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


def change_key(district: str) -> int:
    """Compute the shard key of a district's papers."""
    return key_of("entitlement_change", district)


async def propose(
    tx: AsyncConnection,
    draft: ChangeDraft,
    *,
    keys: PersonKeys,
    today: date,
    caller: Caller,
    computed: bool = False,
) -> EntitlementChange:
    """Propose a paper, all of it or nothing; it has no effect until another person approves it.

    `computed`: its amounts come from the formulas and the records, not from the caller.

    Raises:
        Forbidden: another district's paper.
        RuleMissing: the reason is not one of this action's.
        Faulty: every fault of the paper and of its people.
    """
    caller.require_district(draft.district)
    rules = await rule_store.in_force(tx, today)
    rule = rules.reason(draft.action, draft.reason)
    require_faultless(
        [
            *draft_faults(draft, today),
            *reason_faults(
                rules,
                rule,
                draft.note,
                [one.holder_reason for one in draft.people],
                [one.account_fen for one in draft.people],
                computed=computed,
            ),
        ]
    )
    lines = [
        _line(number, one, rule, keys, today) for number, one in enumerate(draft.people, start=1)
    ]
    change = EntitlementChange(
        ref=Ref.new(change_key(draft.district)),
        action=draft.action,
        district=draft.district,
        reason=draft.reason,
        note=draft.note,
        document=draft.document,
        lines=len(lines),
        proposed_by=caller.subject,
    )
    await entitlement_store.lock_pensions(tx, alone=False)
    await change_store.insert(tx, change, lines)
    await _check(tx, change, rule, keys)
    await _record(tx, change, "proposed", caller, why=draft.note)
    return change


async def decide(
    tx: AsyncConnection,
    ref: Ref,
    status: ChangeStatus,
    note: str | None,
    *,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> EntitlementChange:
    """Approve or refuse a paper as another person than its proposer.

    An approval waits for runs and for other approvals, and checks every line once more: a run sees
    all of the paper or nothing of it.

    Raises:
        NotFound: no such paper.
        Forbidden: another district's.
        ChangeDecided: it is decided already.
        SamePersonTwice: the caller proposed it.
        Faulty: what is stored of its people has changed since it was proposed.
    """
    approved = status is ChangeStatus.APPROVED
    await entitlement_store.lock_pensions(tx, alone=approved)
    change = await change_store.load(tx, ref, lock=True)
    if change is None:
        raise NotFound(entitlement_change=ref.text(Reference.ENTITLEMENT_CHANGE))
    caller.require_district(change.district)
    if change.status is not ChangeStatus.PROPOSED:
        raise ChangeDecided(status=change.status.value)
    await _record(tx, change, status.value, caller, why=note)
    applied = None
    if approved:
        rules = await rule_store.in_force(tx, today)
        await _check(tx, change, rules.reason(change.action, change.reason), keys)
    instant = await entitlement_store.time_of_lock(tx)
    await change_store.decide(tx, ref, status, caller.subject, instant)
    change = replace(change, status=status, decided_by=caller.subject)
    if approved:
        held = rules.holds_account(BASIC_PENSION)
        applied = await _apply(tx, change, instant, held=held)
        await draw_marks_store.state_parts(tx, ref)
        await draw_marks_store.of_change(tx, ref)
        await change_store.count_applied(tx, ref, applied)
    return replace(change, applied=applied)


async def _apply(
    tx: AsyncConnection, change: EntitlementChange, instant: datetime, *, held: bool
) -> int:
    """Write what an approved paper brings; return how many lines changed something."""
    if change.action is ChangeAction.KEEP:
        return 0
    if change.action is ChangeAction.RESUME:
        await applied_store.resume(tx, change)
        await applied_store.know_again(tx, change, instant, moved_only=False)
        return change.lines
    if change.action is ChangeAction.RECALCULATE:
        count = await applied_store.recalculate(tx, change, instant)
        await applied_store.know_again(tx, change, instant, moved_only=True)
        return count
    if change.reason == LIFE_PROOF_MISSED:
        return await applied_store.suspend_unproved(tx, change, instant)
    count = await applied_store.insert(tx, change, instant, held=held)
    if change.action is ChangeAction.REGISTER:
        # A row that was moved has the amount of the row before it, which may be a new one.
        await applied_store.know_again(tx, change, instant, moved_only=True)
    return count


async def _check(
    tx: AsyncConnection, change: EntitlementChange, rule: ReasonRule, keys: PersonKeys
) -> None:
    """Compare a paper's lines with what is stored of their people now."""
    rows = await change_store.states(tx, change)
    people = [(f"/people/{row.line_no - 1}/identity_number", row.person_id) for row in rows]
    await persons_flow.require_right_numbers(tx, people, keys)
    states = {row.line_no - 1: _state(row, change.action, keys) for row in rows}
    death_lifted = change.action is ChangeAction.RESUME and change.reason == EndReason.DEATH
    opened = {
        row.person_id: row.line_no - 1
        for row in rows
        if death_lifted or (change.action is ChangeAction.REGISTER and row.latest_since is None)
    }
    for person_id, claims in (await _account_claims(tx, list(opened))).items():
        place = opened[person_id]
        states[place] = replace(states[place], account_claims=claims)
    faults = state_faults(change.action, change.district, rule, states)
    require_faultless(faults)


async def _account_claims(
    tx: AsyncConnection, person_ids: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """Find claims that pay out or transfer the pension accounts of people, under all their records."""
    if not person_ids:
        return {}
    owners = await persons_store.owners(tx, person_ids)
    taken: dict[int, list[str]] = defaultdict(list)
    for one in await withdrawals_store.of_people(tx, list(owners), PENSION):
        taken[owners[one.person_id]].append(one.paper)
    return {person_id: tuple(papers) for person_id, papers in taken.items()}


def _state(row: Row[Any], action: ChangeAction, keys: PersonKeys) -> LineState:
    """Build a line's state; accounts and names are opened only where they are compared."""
    since = Period.parse(row.since)
    latest = _stored(row, "latest", row.latest_since, keys, action)
    same = None if row.same_district is None else _stored(row, "same", row.since, keys, action)
    compared = action is ChangeAction.REGISTER and latest is not None
    with_account = compared or action is ChangeAction.ACCOUNT
    stops = [row.suspended_since] if row.suspended_since else []
    if action is ChangeAction.RESUME and row.stopped_after:
        stops.append(str(Period.parse(row.stopped_after).plus(1)))
    return LineState(
        since=since,
        holder_reason=row.holder_reason,
        name=keys.name.open(row.name) if compared else None,
        monthly_fen=row.monthly_fen,
        account=_account(row.bank, row.bank_number, row.bank_holder, keys)
        if with_account
        else None,
        current=_account(row.paid_bank, row.paid_number, row.paid_holder, keys)
        if compared
        else None,
        latest=latest,
        same=same,
        ended=Period.parse(row.ended_after).plus(1) if row.ended_after else None,
        stopped=Period.parse(max(stops)) if stops else None,
        end_exists=row.end_exists,
        is_part_computed=row.part_computed,
    )


def _stored(
    row: Row[Any], which: str, since: str | None, keys: PersonKeys, action: ChangeAction
) -> StoredRow | None:
    if since is None:
        return None
    stored = row._mapping
    named = action in {ChangeAction.REGISTER, ChangeAction.ACCOUNT}
    return StoredRow(
        district=stored[f"{which}_district"],
        since=Period.parse(since),
        monthly_fen=stored[f"{which}_fen"],
        name=keys.name.open(stored[f"{which}_name"]) if named else "",
    )


def _account(bank: str, number: bytes, holder: bytes, keys: PersonKeys) -> BankAccount:
    return BankAccount(bank, keys.bank_number.open(number), keys.bank_holder.open(holder))


def _line(
    number: int, draft: PersonDraft, rule: ReasonRule, keys: PersonKeys, today: date
) -> ChangeLine:
    account = draft.account
    return ChangeLine(
        line_no=number,
        person_id=keys.key(draft.identity_number),
        blind=keys.blind(draft.identity_number),
        kind=draft.kind,
        sealed_number=keys.seal(draft.identity_number),
        since=_since(draft, rule, today),
        name=None if draft.name is None else keys.name.seal(draft.name),
        monthly_fen=draft.monthly_fen,
        account_fen=draft.account_fen,
        bank=None if account is None else account.bank,
        bank_number=None if account is None else keys.bank_number.seal(account.number),
        bank_holder=None if account is None else keys.bank_holder.seal(account.holder),
        holder_reason=draft.holder_reason,
    )


def _since(draft: PersonDraft, rule: ReasonRule, today: date) -> Period:
    if draft.event_on is not None:
        return first_month_not_due(rule, draft.event_on)
    return draft.since or Period.of(today)


async def _record(
    tx: AsyncConnection, change: EntitlementChange, step: str, caller: Caller, *, why: str | None
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=change.ref.key,
            paper=PAPER,
            paper_id=change.ref.id,
            step=step,
            signs=True,
            why=why,
            detail={
                "action": change.action.value,
                "reason": change.reason,
                "document": change.document,
                "lines": change.lines,
            },
        ),
        caller,
    )


async def find(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> EntitlementChange:
    """Read a paper that the caller may see.

    Raises:
        NotFound: no such paper.
        Forbidden: another district's.
    """
    change = await change_store.load(tx, ref)
    if change is None:
        raise NotFound(entitlement_change=ref.text(Reference.ENTITLEMENT_CHANGE))
    caller.require_district(change.district)
    return change


async def lines(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, caller: Caller
) -> list[ChangeLine]:
    """Read lines of a paper that the caller may see, by number, after one.

    Raises:
        NotFound, Forbidden: see `find`.
    """
    await find(tx, ref, caller=caller)
    return await change_store.lines(tx, ref, after=after, limit=limit)


async def read_accounts(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, caller: Caller
) -> list[ChangeLine]:
    """Read lines with whole accounts, and one line more; the trail names the reader and the lines.

    Raises:
        NotFound, Forbidden: see `find`.
    """
    change = await find(tx, ref, caller=caller)
    found = await change_store.lines(tx, ref, after=after, limit=limit + 1)
    shown = [line.line_no for line in found[:limit]]
    await record_reading(tx, PAPER, change.ref, "accounts_read", shown, caller)
    return found


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[EntitlementChange]:
    """Read papers in order of proposal; `filters` are columns and the values they must have."""
    return await change_store.page(tx, filters=filters, after=after, limit=limit)


async def steps(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> list[dict[str, Any]]:
    """Read the trail of a paper that the caller may see.

    Raises:
        NotFound, Forbidden: see `find`.
    """
    await find(tx, ref, caller=caller)
    return await trail.of_paper(tx, ref.key, ref.id)
