"""Publication of policies, and the policy in force."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import ComparisonOutdated, NoPolicy, PackExists
from services.collection.common.store import shipped as common_shipped_store
from services.collection.policy import store as policy_store
from services.collection.policy.domain import diff as diff_rules
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain.diff import PackChange
from services.collection.policy.domain.faults import faults as faults_rules
from services.collection.policy.domain.policy import Policy
from services.collection.policy.store import PolicyRow
from shared import trail
from shared.clock import now
from shared.errors import Faulty, NotFound, StateConflict
from shared.ids import key_of, uuid7
from shared.roles import Caller

PAPER: Final = "policy"
_KNOWN_LIMIT: Final = 64
_known: dict[UUID, Policy] = {}
"""Cache of versions. A version never changes, so an entry never becomes stale."""


@dataclass(frozen=True, slots=True)
class DatedPolicy:
    """A policy version and its id."""

    id: UUID
    policy: Policy


@dataclass(frozen=True, slots=True)
class Baseline:
    """The version that an approver compared a draft with; None: there was nothing earlier."""

    id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyComparison:
    """The differences to an earlier version and its pack; no version: there is nothing earlier."""

    since: PolicyRow | None
    before: dict[str, Any] | None
    changes: list[PackChange]


def key_of_region(region: str) -> int:
    """Return the shard key of a region's own papers."""
    return key_of("region", region)


async def in_force(tx: AsyncConnection, region: str, day: date) -> DatedPolicy:
    """Find the policy of a region on a day.

    Raises:
        NoPolicy: no policy is in force.
    """
    policy_id = await policy_store.in_force(tx, region, day)
    if policy_id is None:
        raise NoPolicy(region=region, day=day)
    return DatedPolicy(policy_id, await by_id(tx, policy_id))


async def published(tx: AsyncConnection, region: str) -> list[Policy]:
    """Read the policies of a region that are, were or will be in force."""
    return [await by_id(tx, found) for found in await policy_store.published(tx, region)]


async def by_id(tx: AsyncConnection, policy_id: UUID) -> Policy:
    """Read the policy version that a paper refers to.

    Raises:
        NotFound: there is no such version.
    """
    if policy_id not in _known:
        content = await policy_store.content(tx, policy_id)
        if content is None:
            raise NotFound(policy=policy_id)
        if len(_known) >= _KNOWN_LIMIT:
            _known.clear()
        _known[policy_id] = pack_rules.read(content)
    return _known[policy_id]


async def draft(tx: AsyncConnection, content: Mapping[str, Any], caller: Caller) -> PolicyRow:
    """Store a pack as a draft, signed by its author. The same pack again returns the same draft.

    Raises:
        Faulty: every fault of the pack.
        PackExists: a version of that name has other content.
    """
    policy, faults = pack_rules.attempt(content)
    faults += faults_rules.faults_in(policy, content)
    if faults:
        raise Faulty(faults=faults)
    canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    content_hash = hashlib.sha256(canonical).digest()
    row = PolicyRow(
        id=uuid7(),
        region=policy.region,
        pack=policy.pack,
        title=policy.title,
        effective_from=policy.in_force_from,
        effective_to=policy.in_force_to,
        status="draft",
        author=caller.subject,
        decided_by=None,
        created_at=now(),
        published_at=None,
    )
    if await policy_store.insert_draft(tx, row, canonical.decode(), content_hash):
        await trail.record(tx, _step(row, "draft"), caller)
        return row
    known = await policy_store.find_named(tx, policy.region, policy.pack)
    assert known is not None
    if known[1] != content_hash:
        raise PackExists(region=policy.region, pack=policy.pack)
    return known[0]


async def approve(
    tx: AsyncConnection, policy_id: UUID, caller: Caller, baseline: Baseline | None = None
) -> PolicyRow:
    """Put a draft in force, signed by another person than its author.

    An open-ended predecessor ends on the day before. A `baseline` binds the approval to the
    differences that the approver saw.

    Raises:
        NotFound: there is no such version. StateConflict: it is in force already.
        SamePersonTwice: the author approves. PolicyOverlaps: another version has its days.
        ComparisonOutdated: another version than the baseline is in force before it.
    """
    row = await find(tx, policy_id)
    if row.status != "draft":
        raise StateConflict(status=row.status)
    await trail.record(tx, _step(row, "approve"), caller)
    day_before = row.effective_from - timedelta(1)
    await policy_store.close_open_ended(tx, row.region, day_before)
    # Read after the change, which waits for an approval at the same moment.
    before = await policy_store.in_force(tx, row.region, day_before)
    if baseline is not None and baseline.id != before:
        raise ComparisonOutdated
    if not await policy_store.publish(tx, policy_id, caller.subject):
        raise StateConflict(status="in_force")
    return await find(tx, policy_id)


async def refuse(tx: AsyncConnection, policy_id: UUID, why: str, caller: Caller) -> PolicyRow:
    """Refuse a draft, signed by another person than its author. Its name may be used again.

    Raises:
        NotFound: there is no such version. StateConflict: it is decided already.
        SamePersonTwice: the author refuses.
    """
    row = await find(tx, policy_id)
    if row.status != "draft":
        raise StateConflict(status=row.status)
    await trail.record(tx, replace(_step(row, "refuse"), why=why), caller)
    if not await policy_store.refuse(tx, policy_id, caller.subject):
        raise StateConflict(status="decided")
    return await find(tx, policy_id)


async def compared(tx: AsyncConnection, content: Mapping[str, Any]) -> PolicyComparison:
    """Compare a pack that nobody has drafted with the version in force on its first day."""
    day = date.fromisoformat(content["in_force_from"])
    return await _compared(tx, await policy_store.in_force(tx, content["region"], day), content)


async def changes(tx: AsyncConnection, policy_id: UUID, since: UUID | None) -> PolicyComparison:
    """Compare a version with another one, or else with the one in force before it.

    Raises:
        NotFound: there is no such version.
    """
    row, content = await find(tx, policy_id), await content_of(tx, policy_id)
    if since is None:
        day_before = row.effective_from - timedelta(1)
        since = await policy_store.in_force(tx, row.region, day_before)
    return await _compared(tx, since, content)


async def _compared(
    tx: AsyncConnection, since: UUID | None, content: Mapping[str, Any]
) -> PolicyComparison:
    if since is None:
        return PolicyComparison(since=None, before=None, changes=[])
    row, before = await find(tx, since), await content_of(tx, since)
    return PolicyComparison(since=row, before=before, changes=diff_rules.changes(before, content))


def _step(row: PolicyRow, step: str) -> trail.Step:
    return trail.Step(
        shard_key=key_of_region(row.region),
        paper=PAPER,
        paper_id=row.id,
        step=step,
        signs=True,
    )


async def find(tx: AsyncConnection, policy_id: UUID) -> PolicyRow:
    """Find a policy version.

    Raises:
        NotFound: there is no such version.
    """
    row = await policy_store.find(tx, policy_id)
    if row is None:
        raise NotFound(policy=policy_id)
    return row


async def content_of(tx: AsyncConnection, policy_id: UUID) -> dict[str, Any]:
    """Read the pack of a version as it was published.

    Raises:
        NotFound: there is no such version.
    """
    content = await policy_store.content(tx, policy_id)
    if content is None:
        raise NotFound(policy=policy_id)
    return content


async def page(
    tx: AsyncConnection, region: str | None, after: tuple[date, UUID] | None, limit: int
) -> list[PolicyRow]:
    """Read versions, of one region or of all, in the order in which they come into force."""
    return await policy_store.page(tx, region=region, after=after, limit=limit)


async def trail_of(tx: AsyncConnection, policy_id: UUID) -> list[dict[str, Any]]:
    """Read the steps of a version.

    Raises:
        NotFound: there is no such version.
    """
    row = await find(tx, policy_id)
    return await trail.of_paper(tx, key_of_region(row.region), row.id)


def regions() -> list[dict[str, Any]]:
    """Return the regions of the shipped data, or of the installation's own file."""
    return common_shipped_store.regions()
