"""Recording proofs of life, listing who owes one, and proposing suspensions and resumptions of all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from services.payout.entitlements.domain.change import (
    LINES_MAX,
    ChangeAction,
    ChangeDraft,
    EntitlementChange,
    PersonDraft,
)
from services.payout.entitlements.domain.rule import LIFE_PROOF_MISSED
from services.payout.entitlements.flows import change as change_flow
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.entitlements.store import rule as rule_store
from services.payout.life_proofs.domain.proof import (
    ProofChannel,
    ProofDraft,
    ProofState,
    proof_faults,
    proof_state,
)
from services.payout.life_proofs.store import proof as proof_store
from services.payout.life_proofs.store.proof import ProofWanting
from services.payout.persons import flows as persons_flow
from shared.cn.identity_number import birth_date
from shared.errors import Fault, Kind, Refusal
from shared.period import Period
from shared.roles import Caller

ROWS_PER_READ: Final = 5_000


class NobodyConcerned(Refusal):
    """没有符合条件的人员 (nobody is concerned)"""

    kind = Kind.INVALID
    code = "NOBODY_CONCERNED"


@dataclass(frozen=True, slots=True)
class ProofCount:
    """Proofs of a submitted list: new ones, and ones stored before."""

    recorded: int
    replayed: int


@dataclass(frozen=True, slots=True)
class Reminder:
    """A person whose proof is due or missed, and the cycle it belongs to."""

    person: ProofWanting
    state: ProofState
    due: Period


async def record(
    tx: AsyncConnection,
    drafts: Sequence[ProofDraft],
    *,
    channel: ProofChannel,
    district: str,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> ProofCount:
    """Record proofs, all or nothing; one that is stored already is a repeat.

    Raises:
        Forbidden: another district records them.
        Faulty: every fault in the list, people without an entitlement, corrected numbers.
    """
    caller.require_district(district)
    require_faultless(proof_faults(drafts, today))
    # A suspension that is being approved sees these proofs, or they come after it and resume.
    await entitlement_store.lock_pensions(tx, alone=False)
    people = [(keys.key(one.identity_number), keys.blind(one.identity_number)) for one in drafts]
    pointers = [f"/proofs/{index}/identity_number" for index in range(len(drafts))]
    named = [(pointer, person[0]) for pointer, person in zip(pointers, people, strict=True)]
    await persons_flow.require_right_numbers(tx, named, keys)
    known = await proof_store.entitled(tx, people, BASIC_PENSION)
    message = "该人没有此项待遇资格 (this person has no such entitlement)"
    require_faultless(
        [
            Fault(pointer, "ENTITLEMENT_UNKNOWN", message)
            for pointer, person in zip(pointers, people, strict=True)
            if person not in known
        ]
    )
    new = await proof_store.insert(
        tx,
        people,
        [(one.proved_on, one.document) for one in drafts],
        kind=BASIC_PENSION,
        channel=channel.value,
        district=district,
        recorded_by=caller.subject,
    )
    return ProofCount(len(new), len(drafts) - len(new))


async def _wanting(
    tx: AsyncConnection,
    district: str | None,
    state: ProofState,
    *,
    after: UUID | None,
    keys: PersonKeys,
    today: date,
) -> AsyncIterator[tuple[Reminder, str]]:
    """Find the people of a district, or of all, whose proof is due or missed, with their numbers."""
    rules = await rule_store.in_force(tx, today)
    month = Period.of(today)
    while True:
        rows = await proof_store.pensioners(
            tx,
            kind=BASIC_PENSION,
            district=district,
            month=month,
            after=after,
            limit=ROWS_PER_READ,
        )
        for row in rows:
            number = keys.cipher.open(row.sealed_number)
            born = birth_date(number)
            if born is None:
                continue
            rule = rules.life_proof(BASIC_PENSION, row.district)
            found, due = proof_state(rule, born, row.since, row.proved_on, today)
            if found is state and due is not None:
                yield Reminder(row, found, due), number
        if len(rows) < ROWS_PER_READ:
            return
        after = rows[-1].id


async def reminders(
    tx: AsyncConnection,
    *,
    district: str | None,
    state: ProofState,
    after: UUID | None,
    limit: int,
    keys: PersonKeys,
    today: date,
) -> list[Reminder]:
    """Read up to `limit` people whose proof is due, or missed, by id, after one."""
    found = []
    async for reminder, _ in _wanting(tx, district, state, after=after, keys=keys, today=today):
        found.append(reminder)
        if len(found) == limit:
            break
    return found


async def propose_suspensions(
    tx: AsyncConnection,
    *,
    district: str,
    since: Period,
    document: str,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> EntitlementChange:
    """Propose one paper that suspends all people of a district who missed their proof.

    Raises:
        NobodyConcerned: nobody missed it.
        Forbidden, Faulty: see `change_flow.propose`.
    """
    caller.require_district(district)
    numbers = []
    missed = _wanting(tx, district, ProofState.MISSED, after=None, keys=keys, today=today)
    async for _, number in missed:
        numbers.append(number)
        if len(numbers) == LINES_MAX:
            break
    people = [_person(number, since) for number in numbers]
    return await _propose(tx, ChangeAction.SUSPEND, district, document, people, keys, today, caller)


async def propose_resumptions(
    tx: AsyncConnection,
    *,
    district: str,
    document: str,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> EntitlementChange:
    """Propose one paper that resumes all people of a district who proved after their suspension.

    The rule of the reason says from when: the first suspended month, or the month of the proof.

    Raises:
        NobodyConcerned: nobody proved since.
        Forbidden, Faulty: see `change_flow.propose`.
    """
    caller.require_district(district)
    rules = await rule_store.in_force(tx, today)
    back_pay = rules.reason(ChangeAction.RESUME, LIFE_PROOF_MISSED).back_pay
    rows = await proof_store.proved_late(tx, kind=BASIC_PENSION, district=district, limit=LINES_MAX)
    people = []
    for row in rows:
        since = Period.parse(row.since)
        again = since if back_pay else max(since.plus(1), Period.of(row.proved_on))
        people.append(_person(keys.cipher.open(bytes(row.sealed_number)), again))
    return await _propose(tx, ChangeAction.RESUME, district, document, people, keys, today, caller)


def _person(number: str, since: Period) -> PersonDraft:
    return PersonDraft(identity_number=number, kind=BASIC_PENSION, since=since)


async def _propose(
    tx: AsyncConnection,
    action: ChangeAction,
    district: str,
    document: str,
    people: Sequence[PersonDraft],
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> EntitlementChange:
    if not people:
        raise NobodyConcerned(district=district)
    draft = ChangeDraft(
        action=action,
        district=district,
        reason=LIFE_PROOF_MISSED,
        document=document,
        note=None,
        people=people,
    )
    return await change_flow.propose(tx, draft, keys=keys, today=today, caller=caller)
