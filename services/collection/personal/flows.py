"""Credit people of bills that are settled in full: find them, compose requests, record answers.

A request follows only from declarations that no longer change, so a repeat is always equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.personal import domain as personal_rules
from services.collection.personal.domain import NOTHING, Amounts, CreditPlan, SettledDeclaration
from services.collection.personal.store import credit as personal_credit_store
from services.collection.personal.store import resend as resend_store
from services.collection.personal.store.credit import Key, PendingCredit, PersonalCredit
from services.collection.policy import flows as policy_flow
from shared import clock
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import CENTRE, Caller

PAPERS: Final = 400
"""Number of bills per step of the job."""
YEAR_CLOSED: Final = "PERSONAL_YEAR_CLOSED"
PARTS_DIFFER: Final = "PARTS_DIFFER"
"""Reason for crediting nobody: the people's amounts do not sum to the lines."""


@dataclass(frozen=True, slots=True)
class CreditTask:
    """A declaration to credit, its plan, the plan of the one it restates, and the number of chunks."""

    pending: PendingCredit
    now: CreditPlan
    before: CreditPlan
    rounds: tuple[tuple[int, UUID, int], ...]
    """(unit, declaration, round) of the declaration and of the one that it restates."""
    chunks: int
    earlier: Mapping[tuple[int, int], PersonalCredit]
    """(turn, chunk) → what was recorded of it."""

    def sign(self, chunk: int) -> int:
        """Tell which way a chunk goes: 1 to its people, -1 back, 0 when it is there already."""
        turn = self.pending.turn
        credited = sum(
            one.sign
            for (earlier, number), one in self.earlier.items()
            if number == chunk and earlier < turn and not one.refused
        )
        return personal_rules.sign_of(turn, credited)

    @property
    def paper(self) -> SettledDeclaration:
        """Return the declaration."""
        return self.pending.paper

    @property
    def is_about_persons(self) -> bool:
        """Tell whether any personal account is concerned."""
        return not (self.now.is_empty and self.before.is_empty)


@dataclass(frozen=True, slots=True)
class CreditChunk:
    """A chunk of a declaration. `message` is None when nobody's account changes."""

    credit: PersonalCredit
    message: dict[str, Any] | None


async def waiting(tx: AsyncConnection, limit: int = PAPERS) -> list[CreditTask]:
    """Read settled bills whose people have not been credited yet."""
    pendings = await personal_credit_store.pending(tx, limit)
    if not pendings:
        return []
    keys: list[Key] = [(pending.paper.unit_id, pending.paper.id) for pending in pendings]
    keys += [(one.paper.unit_id, one.paper.corrects) for one in pendings if one.paper.corrects]
    heads = await personal_credit_store.heads(tx, keys)
    rounds = {key: (*key, head.round) for key, head in heads.items()}
    lines = await personal_credit_store.lines(tx, list(rounds.values()))
    known = await personal_credit_store.earlier(tx, keys[: len(pendings)])
    plans: dict[Key, CreditPlan] = {}
    for key, head in heads.items():
        policy = await policy_flow.by_id(tx, head.policy_id)
        plans[key] = personal_rules.plan(
            head.kind, lines.get(key, ()), policy.insurances, policy.credits, policy.rounding
        )
    found = []
    for pending in pendings:
        own = (pending.paper.unit_id, pending.paper.id)
        base = (pending.paper.unit_id, pending.paper.corrects) if pending.paper.corrects else None
        mine = [key for key in (own, base) if key is not None and key in rounds]
        now = plans.get(own, NOTHING)
        before = plans.get(base, NOTHING) if base else NOTHING
        earlier = known.get(own, {})
        people = sum(heads[key].people for key in mine)
        funds = len({part.fund for part in (*now.parts, *before.parts)})
        chunks = next(
            (one.chunks for one in earlier.values()), personal_rules.chunks_of(people, funds)
        )
        found.append(
            CreditTask(pending, now, before, tuple(rounds[key] for key in mine), chunks, earlier)
        )
    return found


@dataclass(frozen=True, slots=True)
class ChunkStart:
    """Sums of each part over earlier chunks, of the declaration and of the one it restates."""

    now: Sequence[int] = ()
    before: Sequence[int] = ()


async def compose(
    tx: AsyncConnection,
    tasks: Sequence[CreditTask],
    chunk: int = 1,
    start: ChunkStart | None = None,
) -> list[CreditChunk]:
    """Compose one chunk of each task."""
    at = start or ChunkStart()
    about = [one for one in tasks if one.is_about_persons]
    by_width: dict[int, list[CreditTask]] = {}
    for one in about:
        by_width.setdefault(one.chunks, []).append(one)
    made: list[tuple[CreditTask, Amounts, Amounts]] = []
    for chunks, group in by_width.items():
        rounds = sorted({round_ for one in group for round_ in one.rounds})
        people = await personal_credit_store.people(
            tx, rounds, personal_rules.slice_of(chunk, chunks)
        )
        for one in group:
            own = (one.paper.unit_id, one.paper.id)
            base = (one.paper.unit_id, one.paper.corrects or one.paper.id)
            now = personal_rules.amounts(one.now, people.get(own, ()), at.now)
            before = personal_rules.amounts(one.before, people.get(base, ()), at.before)
            made.append((one, now, before))
    changes = [(one, now, personal_rules.difference(now, before)) for one, now, before in made]
    persons = sorted({(one.paper.unit_id, key[0]) for one, _, new in changes for key in new})
    uuids = await personal_credit_store.references(tx, persons)
    return [_chunk(one, chunk, now, new, uuids) for one, now, new in changes]


def _chunk(
    task: CreditTask, chunk: int, now: Amounts, new: Amounts, uuids: Mapping[tuple[int, int], UUID]
) -> CreditChunk:
    paper, turn, sign = task.paper, task.pending.turn, task.sign(chunk)
    earlier = task.earlier.get((turn, chunk))
    amounts = {key: sign * fen for key, fen in new.items() if sign}
    credit = PersonalCredit(
        unit_id=paper.unit_id,
        declaration_id=paper.id,
        chunk=chunk,
        chunks=task.chunks,
        bill_id=paper.bill_id,
        people=len({person for person, _ in amounts}),
        credited_on=earlier.credited_on if earlier else task.pending.credited_on,
        totals_fen=personal_rules.totals(amounts),
        turn=turn,
        sign=sign,
    )
    if (
        sign == 1
        and task.chunks == 1
        and (why := disagreement(task.now, personal_rules.totals(now)))
    ):
        return CreditChunk(replace(credit, totals_fen={}, people=0, refused=why), None)
    return CreditChunk(credit, _message(credit, paper, amounts, uuids) if amounts else None)


def disagreement(plan: CreditPlan, totals_fen: Mapping[str, int]) -> str | None:
    """Return why nobody may be credited: the people's amounts do not sum to the lines; None
    otherwise."""
    given = {fund: fen for fund, fen in totals_fen.items() if fen}
    if given == dict(plan.totals_fen):
        return None
    message = ", ".join(
        f"{fund} {format_yuan(given.get(fund, 0))}/{format_yuan(plan.totals_fen.get(fund, 0))}"
        for fund in sorted({*given, *plan.totals_fen})
    )
    return f"{PARTS_DIFFER}: {message}"


def _message(
    credit: PersonalCredit,
    paper: SettledDeclaration,
    new: Amounts,
    uuids: Mapping[tuple[int, int], UUID],
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "bill": personal_rules.event_of(paper.bill_id, credit.chunk, credit.turn),
        "period": paper.period,
        "settled_on": credit.credited_on.isoformat(),
        "credits": [
            {
                "person": Ref(person, uuids.get((paper.unit_id, person), UUID(int=0))).text(
                    Reference.PERSON
                ),
                "fund": fund,
                "amount": format_yuan(fen),
            }
            for (person, fund), fen in new.items()
        ],
    }
    corrects = paper.id if credit.sign < 0 else paper.corrects
    if corrects is not None:
        body["corrects"] = corrects.hex
    return body


async def add_up(tx: AsyncConnection, tasks: CreditTask) -> tuple[dict[str, int], list[ChunkStart]]:
    """Sum all people of a declaration of several chunks by fund, and find where each chunk starts."""
    own = (tasks.paper.unit_id, tasks.paper.id)
    base = (tasks.paper.unit_id, tasks.paper.corrects or tasks.paper.id)
    sums: dict[str, int] = {}
    starts = [ChunkStart((0,) * len(tasks.now.parts), (0,) * len(tasks.before.parts))]
    for chunk in range(1, tasks.chunks + 1):
        keys = personal_rules.slice_of(chunk, tasks.chunks)
        people = await personal_credit_store.people(tx, tasks.rounds, keys)
        mine, theirs = people.get(own, []), people.get(base, [])
        at = starts[-1]
        for fund, fen in personal_rules.totals(
            personal_rules.amounts(tasks.now, mine, at.now)
        ).items():
            sums[fund] = sums.get(fund, 0) + fen
        starts.append(
            ChunkStart(
                _plus(at.now, personal_rules.weights(tasks.now, mine)),
                _plus(at.before, personal_rules.weights(tasks.before, theirs)),
            )
        )
    return sums, starts


def _plus(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


async def record(
    tx: AsyncConnection, credits: Sequence[PersonalCredit], done: Sequence[PendingCredit]
) -> None:
    """Write the ledger's answers, and count the turns of bills that are finished."""
    if done:
        await personal_credit_store.mark(tx, done)
    if credits:
        await personal_credit_store.record(tx, credits)


stats = resend_store.stats
"""Counts the settled bills that wait and the chunks that the ledger refused."""


async def refusals(
    tx: AsyncConnection, caller: Caller, *, after: tuple[UUID, int] | None, limit: int
) -> list[PersonalCredit]:
    """Read the chunks that the ledger refused, over all units.

    Raises:
        Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    return await resend_store.refusals(tx, after=after, limit=limit)


async def send_again(tx: AsyncConnection, *, refused: bool, today: date | None = None) -> int:
    """Send the credits of all bills again, or of refused ones; return the number of bills.

    A chunk refused because its year was closed is credited today instead.
    """
    if refused:
        await resend_store.redate(tx, YEAR_CLOSED, today or clock.today())
    return await resend_store.unmark(tx, refused=refused)
