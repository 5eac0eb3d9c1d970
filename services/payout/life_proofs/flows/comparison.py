"""Taking in files of other offices, and deciding about the people of ours whom they name."""

from __future__ import annotations

import hashlib
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from services.payout.entitlements.domain.change import (
    ChangeAction,
    ChangeDraft,
    EntitlementChange,
    PersonDraft,
)
from services.payout.entitlements.flows import change as change_flow
from services.payout.life_proofs.domain.comparison import (
    Comparison,
    ComparisonFile,
    ComparisonFormat,
    ComparisonMatch,
    MatchDecision,
    MatchNotOpen,
    MatchStatus,
    first_suspended,
    read_file,
)
from services.payout.life_proofs.store import comparison as comparison_store
from shared import trail
from shared.ids import Ref, key_of
from shared.period import Period
from shared.roles import Caller

PAPER = "comparison_file"


def file_key(comparison: Comparison) -> int:
    """Compute the shard key of the files of a kind."""
    return key_of("comparison_file", comparison.value)


async def take(
    tx: AsyncConnection,
    content: bytes,
    *,
    comparison: Comparison,
    file_format: ComparisonFormat,
    source: str,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> ComparisonFile:
    """Take in a file whole; each person whom we pay becomes a match. A repeated file is a repeat.

    A district's file is compared with its own people, the centre's with all, and each with those of
    this month; so the same content of another office or another month is another file.

    Raises:
        Faulty: every fault of the file's records.
    """
    scope = f"{caller.scope(None)}:{Period.of(today)}:"
    digest = hashlib.sha256(scope.encode() + content).digest()
    known = await comparison_store.same_file(tx, file_key(comparison), digest)
    if known is not None:
        return known
    records, faults = read_file(content, file_format, today)
    require_faultless(faults)
    people = [(keys.key(one.identity_number), keys.blind(one.identity_number)) for one in records]
    found = await comparison_store.paid_people(
        tx,
        people,
        [one.event_on for one in records],
        kind=BASIC_PENSION,
        month=Period.of(today),
        district=caller.scope(None),
    )
    file = ComparisonFile(
        ref=Ref.new(file_key(comparison)),
        comparison=comparison,
        district=caller.district,
        source=source,
        records=len(records),
        matches=len(found),
        uploaded_by=caller.subject,
    )
    await comparison_store.insert_file(tx, file, digest)
    places = [row.place - 1 for row in found]
    matches = [
        (people[place], row, records[place].event_on, records[place].note)
        for place, row in zip(places, found, strict=True)
    ]
    await comparison_store.insert_matches(tx, file, BASIC_PENSION, matches)
    await _record(tx, file, caller)
    return file


async def _record(tx: AsyncConnection, file: ComparisonFile, caller: Caller) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=file.ref.key,
            paper=PAPER,
            paper_id=file.ref.id,
            step="taken_in",
            signs=False,
            detail={"source": file.source, "records": file.records, "matches": file.matches},
        ),
        caller,
    )


async def decide(
    tx: AsyncConnection,
    decision: MatchDecision,
    *,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> EntitlementChange:
    """Propose one paper about matches: end, suspend, or keep paying. Another person approves it.

    Raises:
        Forbidden: another district's.
        MatchNotOpen: one is unknown, another district's, or a paper about it waits or is approved.
        RuleMissing, Faulty: see `change_flow.propose`.
    """
    caller.require_district(decision.district)
    matches = await comparison_store.load_matches(tx, list(decision.matches))
    open_ones = [
        match
        for match in matches
        if match.district == decision.district and match.status is MatchStatus.OPEN
    ]
    if len(open_ones) != len(decision.matches):
        raise MatchNotOpen(open=len(open_ones), named=len(decision.matches))
    people = [
        _person(keys.cipher.open(bytes(match.sealed_number)), match.event_on, decision)
        for match in open_ones
    ]
    draft = ChangeDraft(
        action=decision.action,
        district=decision.district,
        reason=decision.reason,
        document=decision.document,
        note=decision.note,
        people=people,
    )
    change = await change_flow.propose(tx, draft, keys=keys, today=today, caller=caller)
    taken = await comparison_store.set_change(tx, open_ones, change.ref)
    if taken != len(open_ones):
        raise MatchNotOpen(open=taken, named=len(open_ones))
    return change


def _person(number: str, event_on: date, decision: MatchDecision) -> PersonDraft:
    suspends = decision.action is ChangeAction.SUSPEND
    return PersonDraft(
        identity_number=number,
        kind=BASIC_PENSION,
        since=first_suspended(event_on, decision.since) if suspends else None,
        event_on=event_on if decision.action is ChangeAction.END else None,
    )


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[ComparisonMatch]:
    """Read matches in order of arrival; `filters` are columns and the values they must have."""
    return await comparison_store.page(tx, filters=filters, after=after, limit=limit)
