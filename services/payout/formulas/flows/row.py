"""Proposing, deciding and reading formula rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.formulas.domain.row import FormulaRow
from services.payout.formulas.domain.rules import RULES
from services.payout.formulas.domain.version import (
    PAPER,
    RowDraft,
    RowStatus,
    RowVersion,
    succession,
)
from services.payout.formulas.store import row as formula_row_store
from shared import trail
from shared.errors import NotFound, StateConflict
from shared.ids import key_of, uuid7
from shared.roles import Caller


def key_of_rule(rule: str) -> int:
    """Return the shard key of the rows of a rule."""
    return key_of("formula", rule)


async def propose(tx: AsyncConnection, draft: RowDraft, caller: Caller) -> RowVersion:
    """Propose a row; it counts once another person approves it.

    Raises:
        Faulty: every fault of the draft.
    """
    require_faultless(draft.faults())
    version = RowVersion(
        row=FormulaRow(
            id=uuid7(),
            rule=draft.rule,
            place=draft.place,
            title=RULES[draft.rule].title,
            in_force_from=draft.in_force_from,
            in_force_to=draft.in_force_to,
            value=draft.value,
            source=draft.source,
            certain=draft.certain,
        ),
        status=RowStatus.PROPOSED,
        proposed_by=caller.subject,
        note=draft.note,
    )
    await formula_row_store.insert(tx, version)
    await _record(tx, version, "proposed", caller, draft.note)
    return version


async def approve(tx: AsyncConnection, row_id: UUID, caller: Caller) -> RowVersion:
    """Put a proposed row in force, as another person. Rows of its days are replaced or end.

    Raises:
        NotFound: there is no such row. StateConflict: it was decided already.
        SamePersonTwice: the author approves. RowCutsAnother: see `succession`.
    """
    version = await _proposed(tx, row_id)
    row = version.row
    await _record(tx, version, "approved", caller, None)
    standing = [other.row for other in await formula_row_store.of_rule(tx, row.rule, row.place)]
    changes = succession(row, standing)
    await formula_row_store.replace(tx, list(changes.replaced))
    for ended, last_day in changes.ended:
        await formula_row_store.end(tx, ended, last_day)
    await formula_row_store.decide(tx, row_id, RowStatus.IN_FORCE, caller.subject)
    return await find(tx, row_id)


async def refuse(tx: AsyncConnection, row_id: UUID, note: str, caller: Caller) -> RowVersion:
    """Refuse a proposed row with the reason.

    Raises:
        NotFound: there is no such row. StateConflict: it was decided already.
        SamePersonTwice: the author refuses.
    """
    version = await _proposed(tx, row_id)
    await _record(tx, version, "refused", caller, note)
    await formula_row_store.decide(tx, row_id, RowStatus.REFUSED, caller.subject)
    return await find(tx, row_id)


async def find(tx: AsyncConnection, row_id: UUID) -> RowVersion:
    """Find a row.

    Raises:
        NotFound: there is none.
    """
    version = await formula_row_store.find(tx, row_id)
    if version is None:
        raise NotFound(row=row_id)
    return version


async def page(
    tx: AsyncConnection,
    *,
    rule: str | None,
    place: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[RowVersion]:
    """Read rows of all or some rules, places and statuses."""
    return await formula_row_store.page(
        tx, rule=rule, place=place, status=status, after=after, limit=limit
    )


async def trail_of(tx: AsyncConnection, row_id: UUID) -> list[dict[str, Any]]:
    """Read the steps of a row; a shipped row has none.

    Raises:
        NotFound: there is no such row.
    """
    version = await find(tx, row_id)
    return await trail.of_paper(tx, key_of_rule(version.row.rule), row_id)


async def _proposed(tx: AsyncConnection, row_id: UUID) -> RowVersion:
    version = await formula_row_store.find(tx, row_id, lock=True)
    if version is None:
        raise NotFound(row=row_id)
    if version.status is not RowStatus.PROPOSED:
        raise StateConflict(status=version.status.value)
    return version


async def _record(
    tx: AsyncConnection, version: RowVersion, step: str, caller: Caller, why: str | None
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=key_of_rule(version.row.rule),
            paper=PAPER,
            paper_id=version.row.id,
            step=step,
            signs=True,
            why=why,
        ),
        caller,
    )
