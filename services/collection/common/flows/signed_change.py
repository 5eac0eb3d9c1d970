"""File and decide changes that two people sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.signed_change import (
    ChangeSubject,
    SignedChange,
    SignedChangeDecided,
    SignedChangeUnknown,
    SignedChangeWaits,
)
from services.collection.common.store import signed_change as signed_change_store
from shared import trail
from shared.clock import now
from shared.ids import Ref, uuid7
from shared.roles import Caller

page = signed_change_store.page
"""Reads changes of one kind."""


async def file(
    tx: AsyncConnection,
    subject: ChangeSubject,
    *,
    shard_key: int,
    target: str,
    content: dict[str, Any],
    reason: str,
    caller: Caller,
) -> SignedChange:
    """File a change. It changes nothing before another person approves it.

    Raises:
        SignedChangeWaits: another change of the target is not decided yet.
    """
    change = SignedChange(
        shard_key=shard_key,
        id=uuid7(),
        subject=subject,
        target=target,
        content=content,
        reason=reason,
        status="filed",
        filed_by=caller.subject,
        filed_at=now(),
    )
    if not await signed_change_store.insert(tx, change):
        raise SignedChangeWaits(target=target)
    await trail.record(tx, _step(change, "file", reason), caller)
    return change


async def approve(
    tx: AsyncConnection, subject: ChangeSubject, ref: Ref, caller: Caller
) -> SignedChange:
    """Approve a change, as another person; the database writes it.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
    """
    change = await find_filed(tx, subject, ref)
    await trail.record(tx, _step(change, "approve", change.reason), caller)
    await signed_change_store.decide(tx, change, "approved", caller.subject)
    await signed_change_store.write(tx, change)
    return replace(change, status="approved", decided_by=caller.subject, decided_at=now())


async def refuse(
    tx: AsyncConnection, subject: ChangeSubject, ref: Ref, why: str, caller: Caller
) -> SignedChange:
    """Refuse a change, as another person; nothing changes.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    change = await find_filed(tx, subject, ref)
    await trail.record(tx, _step(change, "refuse", why), caller)
    await signed_change_store.decide(tx, change, "refused", caller.subject)
    return replace(change, status="refused", decided_by=caller.subject, decided_at=now())


async def find_filed(tx: AsyncConnection, subject: ChangeSubject, ref: Ref) -> SignedChange:
    """Read and lock a change that waits for its decision.

    Raises:
        SignedChangeUnknown, SignedChangeDecided: there is none, or it was decided.
    """
    change = await signed_change_store.find(tx, subject, ref)
    if change is None:
        raise SignedChangeUnknown
    if change.status != "filed":
        raise SignedChangeDecided(status=change.status)
    return change


async def waiting(tx: AsyncConnection, subject: ChangeSubject) -> Sequence[SignedChange]:
    """Read the changes of a kind that wait for their decision."""
    return await signed_change_store.page(tx, subject, status="filed")


def _step(change: SignedChange, step: str, why: str) -> trail.Step:
    return trail.Step(
        shard_key=change.shard_key,
        paper=change.subject.value,
        paper_id=change.id,
        step=step,
        signs=True,
        why=why,
        detail={"target": change.target} | change.content,
    )
