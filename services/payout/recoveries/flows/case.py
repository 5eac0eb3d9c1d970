"""Opening, confirming and reading recovery cases; keeping them in step with what is overpaid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.flows import PersonKeys
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.recoveries.domain.case import (
    PAPER,
    CaseCause,
    CaseDraft,
    CaseLine,
    CaseStatus,
    NothingOverpaid,
    RecoveryCase,
    RecoveryCaseState,
    RecoveryCaseUnknown,
    drafts_of,
)
from services.payout.recoveries.domain.notice import RecoveryNotice, notice_of
from services.payout.recoveries.domain.overpaid import (
    LowerLine,
    OverpaidPart,
    lower_lines,
    uncovered_parts,
)
from services.payout.recoveries.store import case as recovery_case_store
from services.payout.recoveries.store import notice as notice_store
from services.payout.recoveries.store import overpaid as overpaid_store
from services.payout.recoveries.store import wrong_claim as wrong_claim_store
from shared import trail
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller

LISTED_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case and its lines."""

    case: RecoveryCase
    lines: list[CaseLine]


@dataclass(frozen=True, slots=True)
class OverpaidPerson:
    """A person's overpaid months that no case covers."""

    sealed_number: bytes
    name: bytes
    parts: list[OverpaidPart]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpening:
    """The reason and the document of cases to be opened for a district's people."""

    district: str
    kind: str
    reason: str
    document: str


async def overpaid(
    tx: AsyncConnection, *, district: str, kind: str, caller: Caller
) -> list[OverpaidPerson]:
    """List a district's people who were paid more than is due and not covered by a case.

    Raises:
        Forbidden: another district.
    """
    caller.require_district(district)
    months = await overpaid_store.months(tx, district=district, kind=kind)
    by_person: dict[tuple[int, bytes], list[OverpaidPart]] = defaultdict(list)
    for part in uncovered_parts(months):
        by_person[part.key, part.blind].append(part)
    named = await overpaid_store.people(tx, [key for key, _ in by_person], kind)
    return [OverpaidPerson(*named[person], parts) for person, parts in by_person.items()]


async def open_all(
    tx: AsyncConnection, opening: CaseOpening, *, today: date, caller: Caller
) -> list[RecoveryCase]:
    """Open a case for every person of a district with overpaid months that no case covers.

    Cases that cover more than is overpaid now shrink first.

    Raises:
        Forbidden: another district.
        NothingOverpaid: there is no such person.
    """
    caller.require_district(opening.district)
    await entitlement_store.lock_pensions(tx, alone=True)
    months = await overpaid_store.months(tx, district=opening.district, kind=opening.kind)
    lowered = await _lower(tx, lower_lines(months), caller)
    drafts = drafts_of(uncovered_parts(months))
    if not drafts:
        if lowered:
            return []
        raise NothingOverpaid(district=opening.district)
    named = await overpaid_store.people(tx, [draft.ref.key for draft in drafts], opening.kind)
    cases = [
        _case(opening, draft, named[draft.ref.key, draft.blind], today, caller) for draft in drafts
    ]
    lines = [(draft.ref, line) for draft in drafts for line in draft.lines]
    await recovery_case_store.insert(tx, cases, lines)
    await record(tx, [case.ref for case in cases], "opened", caller, why=opening.reason)
    return cases


def _case(
    opening: CaseOpening,
    draft: CaseDraft,
    person: tuple[bytes, bytes],
    today: date,
    caller: Caller,
) -> RecoveryCase:
    return RecoveryCase(
        ref=draft.ref,
        cause=CaseCause.OVERPAID,
        kind=opening.kind,
        district=opening.district,
        fund=draft.fund,
        blind=draft.blind,
        sealed_number=person[0],
        name=person[1],
        reason=opening.reason,
        document=opening.document,
        opened_by=caller.subject,
        opened_on=today,
        amount_fen=sum(line.amount_fen for line in draft.lines),
    )


async def keep_in_step(tx: AsyncConnection, *, kind: str, caller: Caller) -> None:
    """Let cases cover no more than the people still have too much, before money is taken for them.

    The caller holds the lock of pensions alone.
    """
    months = await overpaid_store.months(tx, district=None, kind=kind)
    returned = await wrong_claim_store.returned(tx)
    await _lower(tx, [*lower_lines(months), *returned], caller)


async def _lower(tx: AsyncConnection, lowered: Sequence[LowerLine], caller: Caller) -> bool:
    if not lowered:
        return False
    closed = await recovery_case_store.lower(tx, lowered)
    cases = list(dict.fromkeys(one.case for one in lowered))
    await record(tx, cases, "lowered", caller, signs=False)
    await record(tx, closed, "closed", caller, signs=False)
    return True


async def decide(
    tx: AsyncConnection, ref: Ref, status: CaseStatus, note: str | None, *, caller: Caller
) -> CaseDetail:
    """Confirm or refuse a proposed case.

    Raises:
        RecoveryCaseUnknown: no such case.
        Forbidden: another district's.
        RecoveryCaseState: it is decided already.
        SamePersonTwice: the caller opened it.
    """
    await entitlement_store.lock_pensions(tx, alone=True)
    case = await locked(tx, ref)
    caller.require_district(case.district)
    await record(tx, [ref], status.value, caller, why=note)
    if case.status is not CaseStatus.PROPOSED:
        raise RecoveryCaseState(status=case.status.value)
    await recovery_case_store.decide(tx, ref, status, caller.subject)
    decided = replace(case, status=status, decided_by=caller.subject)
    return CaseDetail(decided, await recovery_case_store.lines(tx, ref))


async def locked(tx: AsyncConnection, ref: Ref) -> RecoveryCase:
    """Read and lock a case.

    Raises:
        RecoveryCaseUnknown: no such case.
    """
    case = await recovery_case_store.load(tx, ref, lock=True)
    if case is None:
        raise RecoveryCaseUnknown(recovery_case=ref.text(Reference.RECOVERY_CASE))
    return case


async def find(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> CaseDetail:
    """Read a case that the caller may see.

    Raises:
        RecoveryCaseUnknown: no such case.
        Forbidden: another district's.
    """
    case = await recovery_case_store.load(tx, ref)
    if case is None:
        raise RecoveryCaseUnknown(recovery_case=ref.text(Reference.RECOVERY_CASE))
    caller.require_district(case.district)
    return CaseDetail(case, await recovery_case_store.lines(tx, ref))


async def notice(
    tx: AsyncConnection, ref: Ref, *, keys: PersonKeys, caller: Caller
) -> RecoveryNotice:
    """Write the notice of a confirmed case; the trail keeps who has read the whole name.

    Raises:
        RecoveryCaseUnknown, Forbidden: see `find`.
        RecoveryCaseState: the case is not confirmed.
        NoticeTextMissing: no text is in force.
    """
    detail = await find(tx, ref, caller=caller)
    case = detail.case
    if case.status not in {CaseStatus.CONFIRMED, CaseStatus.CLOSED}:
        raise RecoveryCaseState(status=case.status.value)
    written = notice_of(case, detail.lines, keys.name.open(case.name), notice_store.texts())
    await record(tx, [ref], "notice_read", caller, signs=False)
    return written


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[RecoveryCase]:
    """Read cases in order of opening; `filters` are columns and the values they must have."""
    return await recovery_case_store.page(tx, filters=filters, after=after, limit=limit)


async def record(
    tx: AsyncConnection,
    cases: Sequence[Ref],
    step: str,
    caller: Caller,
    *,
    signs: bool = True,
    why: str | None = None,
) -> None:
    """Write one step on many cases."""
    papers = [(ref.key, ref.id, 1) for ref in cases]
    first = trail.Step(
        shard_key=0, paper=PAPER, paper_id=UUID(int=0), step=step, signs=signs, why=why
    )
    await trail.record_many(tx, papers, first, caller)
