"""Corrections of the rules: proposed by one person, written when another approves.

The rules are the chart of accounts, the funds, the flow matrix, the closing rules, the adjustment
fund's rules, the thresholds of warnings and the lines of the statements: dated rows, each with its
source. The service's own role can only read them; the database writes what two people signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.rules.domain.faults import require_sound
from services.ledger.rules.domain.row import (
    Change,
    Correction,
    CorrectionStatus,
    Row,
    Table,
    changes_of,
    first_day,
    last_day,
    name_of,
)
from services.ledger.rules.store import correction as correction_store
from shared import clock, trail
from shared.errors import Fault, Faulty, NotFound, SamePersonTwice, StateConflict
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller
from shared.security.person_name import same_person


async def propose(
    tx: AsyncConnection, proposed: Mapping[Table, Sequence[Row]], *, why: str, by: Caller
) -> Correction:
    """Keep a correction for another person to approve. Nothing changes yet.

    Args:
        tx: the request's transaction.
        proposed: the rows that shall hold, each with all of its columns.
        why: the document or the order that it rests on.
        by: who proposes.

    Raises:
        Faulty: no reason, nothing to correct, or every fault of what would come out.
    """
    if not why.strip():
        raise Faulty(faults=[Fault("/why", "EMPTY", "须写明理由 (say why)")])
    _require_single(proposed)
    present = await correction_store.rows(tx, Table)
    changes: list[Change] = []
    for table in Table:
        changes += changes_of(table, present[table], proposed.get(table, ()))
    if not changes:
        raise Faulty(faults=[Fault("/", "NOTHING_TO_CORRECT", "与现行规则相同 (it is so already)")])
    require_sound(present, changes, await correction_store.booked(tx))
    paper = Correction(
        id=uuid7(),
        why=why.strip(),
        changes=tuple(changes),
        status=CorrectionStatus.PROPOSED,
        proposed_by=by.subject,
    )
    await correction_store.insert(tx, paper)
    await trail.record(tx, _step(paper, "proposed"), by)
    return paper


def _require_single(proposed: Mapping[Table, Sequence[Row]]) -> None:
    faults = []
    for table, rows in proposed.items():
        places = [Change(table, None, row).name + f"/{row['in_force_from']}" for row in rows]
        faults += [
            Fault(f"{table}/{place}", "ROW_TWICE", place)
            for place in sorted({one for one in places if places.count(one) > 1})
        ]
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))


async def approve(tx: AsyncConnection, id: str, by: Caller) -> Correction:
    """Write a proposed correction, checked against the present rules. A repeat gets the result.

    Raises:
        NotFound: no such paper.
        SamePersonTwice: the proposer may not approve.
        StateConflict: another person did it.
        CorrectionStale, Faulty: the rules have changed since, and it no longer fits.
    """
    await correction_store.lock(tx)
    found = await read(tx, id)
    if found.status is CorrectionStatus.DONE:
        if found.approved_by == by.subject:
            return found
        raise StateConflict(status=found.status.value)
    if same_person(found.proposed_by, by.subject):
        raise SamePersonTwice(person=by.subject, step="approved")
    present = await correction_store.rows(tx, Table)
    require_sound(present, found.changes, await correction_store.booked(tx))
    await trail.record(tx, _step(found, "approved"), by)
    await correction_store.write(tx, found.id, by.subject)
    return replace(found, status=CorrectionStatus.DONE, approved_by=by.subject, done_at=clock.now())


async def read(tx: AsyncConnection, id: str) -> Correction:
    """Load a correction.

    Raises:
        NotFound: no such paper.
    """
    reference = Ref.parse(Reference.CORRECTION, id)
    found = await correction_store.load(tx, reference.id) if reference.key == CENTRE_SLOT else None
    if found is None:
        raise NotFound(correction=id[:60])
    return found


async def page(
    tx: AsyncConnection, *, status: CorrectionStatus | None, before: UUID | None, limit: int
) -> list[Correction]:
    """List corrections, newest first."""
    return await correction_store.page(
        tx, status=status.value if status else None, before=before, limit=limit
    )


async def rows_of(tx: AsyncConnection, table: Table, on: date | None) -> list[Row]:
    """List the rows of a table of rules, by name and first day; those of one day if it is given."""
    rows = (await correction_store.rows(tx, [table]))[table]
    in_force = [row for row in rows if on is None or first_day(row) <= on <= last_day(row)]
    return sorted(in_force, key=lambda row: (name_of(table, row), row["in_force_from"]))


def _step(paper: Correction, step: str) -> trail.Step:
    return trail.Step(
        shard_key=CENTRE_SLOT,
        paper=correction_store.PAPER,
        paper_id=paper.id,
        step=step,
        signs=True,
        why=paper.why if step == "proposed" else None,
    )
