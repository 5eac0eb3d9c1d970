"""Credit persons of bills that are settled in full: which wait, what the ledger is told, what it said.

Everything that is told follows from papers that no longer change, so whoever repeats it says the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.personal import domain as personal_rules
from services.collection.personal import store as personal_store
from services.collection.personal.domain import NOTHING, Amounts, CreditPlan, SettledDeclaration
from services.collection.personal.store import Key, PendingCredit, PersonalCredit
from services.collection.policy import flows as policy_flow
from shared import clock
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import CENTRE, Caller

PAPERS: Final = 400
"""Bills that are looked at in one turn."""
YEAR_CLOSED: Final = "PERSONAL_YEAR_CLOSED"
PARTS_DIFFER: Final = "PARTS_DIFFER"
"""Why nobody is credited of a paper whose persons do not come to what its lines say."""


@dataclass(frozen=True, slots=True)
class CreditTask:
    """A paper with what its persons are credited by, and in how many chunks."""

    due: PendingCredit
    now: CreditPlan
    before: CreditPlan
    rounds: tuple[tuple[int, UUID, int], ...]
    """(unit, declaration, round) of the paper and of the one that it restates."""
    chunks: int
    earlier: Mapping[int, PersonalCredit]

    @property
    def paper(self) -> SettledDeclaration:
        """The paper itself."""
        return self.due.paper

    @property
    def is_about_persons(self) -> bool:
        """Whether there is a personal account in it at all."""
        return not (self.now.is_empty and self.before.is_empty)


@dataclass(frozen=True, slots=True)
class CreditChunk:
    """One chunk of a paper: what is told of it, the message (None: nobody changes), its people."""

    told: PersonalCredit
    message: dict[str, Any] | None


async def waiting(tx: AsyncConnection, limit: int = PAPERS) -> list[CreditTask]:
    """Settled bills that were not told of yet, ready to be told of."""
    dues = await personal_store.due(tx, limit)
    if not dues:
        return []
    keys: list[Key] = [(due.paper.unit_id, due.paper.id) for due in dues]
    keys += [(one.paper.unit_id, one.paper.corrects) for one in dues if one.paper.corrects]
    heads = await personal_store.heads(tx, keys)
    rounds = {key: (*key, head.round) for key, head in heads.items()}
    lines = await personal_store.lines(tx, list(rounds.values()))
    told = await personal_store.earlier(tx, keys[: len(dues)])
    plans: dict[Key, CreditPlan] = {}
    for key, head in heads.items():
        policy = await policy_flow.by_id(tx, head.policy_id)
        plans[key] = personal_rules.plan(
            head.kind, lines.get(key, ()), policy.insurances, policy.credits, policy.rounding
        )
    found = []
    for due in dues:
        own = (due.paper.unit_id, due.paper.id)
        base = (due.paper.unit_id, due.paper.corrects) if due.paper.corrects else None
        mine = [key for key in (own, base) if key is not None and key in rounds]
        now = plans.get(own, NOTHING)
        before = plans.get(base, NOTHING) if base else NOTHING
        heard = told.get(own, {})
        people = sum(heads[key].people for key in mine)
        funds = len({part.fund for part in (*now.parts, *before.parts)})
        chunks = next(
            (one.chunks for one in heard.values()), personal_rules.chunks_of(people, funds)
        )
        found.append(
            CreditTask(due, now, before, tuple(rounds[key] for key in mine), chunks, heard)
        )
    return found


@dataclass(frozen=True, slots=True)
class ChunkStart:
    """What the persons of the chunks before have of each part, of the paper and of the one before."""

    now: Sequence[int] = ()
    before: Sequence[int] = ()


async def compose(
    tx: AsyncConnection,
    ready: Sequence[CreditTask],
    chunk: int = 1,
    start: ChunkStart | None = None,
) -> list[CreditChunk]:
    """What the ledger is to be told of one chunk of each of these papers."""
    at = start or ChunkStart()
    about = [one for one in ready if one.is_about_persons]
    by_width: dict[int, list[CreditTask]] = {}
    for one in about:
        by_width.setdefault(one.chunks, []).append(one)
    made: list[tuple[CreditTask, Amounts, Amounts]] = []
    for chunks, group in by_width.items():
        rounds = sorted({round_ for one in group for round_ in one.rounds})
        people = await personal_store.people(tx, rounds, personal_rules.slice_of(chunk, chunks))
        for one in group:
            own = (one.paper.unit_id, one.paper.id)
            base = (one.paper.unit_id, one.paper.corrects or one.paper.id)
            now = personal_rules.amounts(one.now, people.get(own, ()), at.now)
            before = personal_rules.amounts(one.before, people.get(base, ()), at.before)
            made.append((one, now, before))
    changes = [(one, now, personal_rules.difference(now, before)) for one, now, before in made]
    persons = sorted({(one.paper.unit_id, key[0]) for one, _, new in changes for key in new})
    uuids = await personal_store.references(tx, persons)
    return [_chunk(one, chunk, now, new, uuids) for one, now, new in changes]


def _chunk(
    ready: CreditTask, chunk: int, now: Amounts, new: Amounts, uuids: Mapping[tuple[int, int], UUID]
) -> CreditChunk:
    paper, heard = ready.paper, ready.earlier.get(chunk)
    told = PersonalCredit(
        unit_id=paper.unit_id,
        declaration_id=paper.id,
        chunk=chunk,
        chunks=ready.chunks,
        bill_id=paper.bill_id,
        people=len({person for person, _ in new}),
        credited_on=heard.credited_on if heard else ready.due.credited_on,
        totals_fen=personal_rules.totals(new),
    )
    if ready.chunks == 1 and (why := disagreement(ready.now, personal_rules.totals(now))):
        return CreditChunk(replace(told, totals_fen={}, people=0, refused=why), None)
    return CreditChunk(told, _message(told, paper, new, uuids) if new else None)


def disagreement(made: CreditPlan, totals_fen: Mapping[str, int]) -> str | None:
    """Why nobody may be credited: what persons come to is not what the paper's lines say."""
    given = {fund: fen for fund, fen in totals_fen.items() if fen}
    if given == dict(made.totals_fen):
        return None
    said = ", ".join(
        f"{fund} {format_yuan(given.get(fund, 0))}/{format_yuan(made.totals_fen.get(fund, 0))}"
        for fund in sorted({*given, *made.totals_fen})
    )
    return f"{PARTS_DIFFER}: {said}"


def _message(
    told: PersonalCredit,
    paper: SettledDeclaration,
    new: Amounts,
    uuids: Mapping[tuple[int, int], UUID],
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "bill": personal_rules.event_of(paper.bill_id, told.chunk),
        "period": paper.period,
        "settled_on": told.credited_on.isoformat(),
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
    if paper.corrects is not None:
        body["corrects"] = paper.corrects.hex
    return body


async def add_up(tx: AsyncConnection, ready: CreditTask) -> tuple[dict[str, int], list[ChunkStart]]:
    """Of a paper of several chunks: fund → what all its persons come to, and where each chunk starts."""
    own = (ready.paper.unit_id, ready.paper.id)
    base = (ready.paper.unit_id, ready.paper.corrects or ready.paper.id)
    sums: dict[str, int] = {}
    starts = [ChunkStart((0,) * len(ready.now.parts), (0,) * len(ready.before.parts))]
    for chunk in range(1, ready.chunks + 1):
        keys = personal_rules.slice_of(chunk, ready.chunks)
        people = await personal_store.people(tx, ready.rounds, keys)
        mine, theirs = people.get(own, []), people.get(base, [])
        at = starts[-1]
        for fund, fen in personal_rules.totals(
            personal_rules.amounts(ready.now, mine, at.now)
        ).items():
            sums[fund] = sums.get(fund, 0) + fen
        starts.append(
            ChunkStart(
                _plus(at.now, personal_rules.weights(ready.now, mine)),
                _plus(at.before, personal_rules.weights(ready.before, theirs)),
            )
        )
    return sums, starts


def _plus(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


async def record(
    tx: AsyncConnection, told: Sequence[PersonalCredit], papers: Sequence[SettledDeclaration]
) -> None:
    """Write what the ledger answered, and that these papers are done with."""
    if papers:
        await personal_store.mark(tx, papers)
    if told:
        await personal_store.record(tx, told)


stats = personal_store.stats
"""Counts the settled bills that wait and the chunks that the ledger refused."""


async def refusals(
    tx: AsyncConnection, caller: Caller, *, after: tuple[UUID, int] | None, limit: int
) -> list[PersonalCredit]:
    """Read the chunks that the ledger refused, over all units.

    Raises:
        Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    return await personal_store.refusals(tx, after=after, limit=limit)


async def send_again(tx: AsyncConnection, *, refused: bool, today: date | None = None) -> int:
    """Let all bills be told of again, or those refused; how many.

    What was refused because the year had been closed is credited today: it came too late for its own.
    """
    if refused:
        await personal_store.redate(tx, YEAR_CLOSED, today or clock.today())
    return await personal_store.tell_again(tx, refused=refused)
