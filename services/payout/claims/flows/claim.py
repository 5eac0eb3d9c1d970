"""Filing, signing and reading claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import flows as benefits_flow
from services.payout.benefits.domain import (
    ACCOUNT_KINDS,
    BASIC_PENSION,
    BenefitKind,
    require_filed,
    require_known,
)
from services.payout.claims.domain.claim import (
    PAPER,
    Claim,
    ClaimLine,
    ClaimStatus,
    Decision,
    SignatureOutOfOrder,
    claim_key,
)
from services.payout.claims.domain.draft import (
    ClaimDraft,
    ClaimLineDraft,
    draft_faults,
    paper_hash,
)
from services.payout.claims.flows import account as account_flow
from services.payout.claims.flows import advance as advance_flow
from services.payout.claims.flows import arrears as arrears_flow
from services.payout.claims.flows import event as event_flow
from services.payout.claims.flows import refusal as refusal_flow
from services.payout.claims.store import advance as advance_store
from services.payout.claims.store import claim as claim_store
from services.payout.common.clients import CollectionClient
from services.payout.common.domain import (
    require_begun,
    require_faultless,
    require_not_future,
)
from services.payout.common.flows import PersonKeys, record_reading
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.persons import flows as persons_flow
from services.payout.persons import store as persons_store
from services.payout.recoveries.flows import deduction as deduction_flow
from services.payout.recoveries.flows.deduction import DeductingRun
from services.payout.withdrawals import flows as withdrawals_flow
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


async def check(
    draft: ClaimDraft,
    row: BenefitKind,
    *,
    collection: CollectionClient,
    today: date,
    caller: Caller,
) -> None:
    """Check a claim before its transaction begins; this may ask collection about arrears.

    Raises:
        Forbidden: another district's claim.
        BenefitKindNotFiled: the system makes claims of this kind.
        DateInFuture, PeriodInFuture: the day or the month has not begun.
        Faulty: every fault in the lines, the control totals, the employer and the documents.
        UnitInArrears, UnitUnknown, CollectionUnavailable: see `arrears_flow.require_none`.
    """
    caller.require_district(draft.district)
    require_filed(row)
    require_not_future(draft.filed_on, today)
    require_begun(draft.period, today)
    require_faultless(draft_faults(draft, row, today))
    await arrears_flow.check(collection, draft, row, today=today, caller=caller)


async def file_claim(
    tx: AsyncConnection,
    draft: ClaimDraft,
    row: BenefitKind,
    *,
    keys: PersonKeys,
    caller: Caller,
    basis: dict[str, Any] | None = None,
) -> Claim:
    """File a claim that `check` has passed by its kind's row; `basis` explains a computed amount.

    Raises:
        ClaimExists: the same paper was filed before and is not refused.
        Faulty: two lines are about the same event, a line's number was corrected, a birth needs
            its day, a person draws a pension in the month or comes above the limit of the year, or
            an advance cannot be deducted.
        EventClaimed: another claim has a line's event; each line is named with that claim.
    """
    claim = new_claim(
        row,
        district=draft.district,
        period=draft.period,
        filed_on=draft.filed_on,
        summary=draft.summary,
        credit_code=draft.credit_code,
        documents=sorted(set(draft.documents)),
        caller=caller,
    )
    digest = paper_hash(keys.pepper, draft.summary, draft.credit_code, draft.lines)
    await require_new(tx, claim, digest)
    whole = [_line(line_no, line, keys) for line_no, line in enumerate(draft.lines, start=1)]
    if row.not_with_pension:
        await entitlement_store.lock_pensions(tx, alone=False)
        people = {line.line_no: line.person_id for line in whole if line.person_id is not None}
        await account_flow.require_none_drawing(tx, people, draft.period)
    await persons_store.lock_people(tx, alone=False)
    named = [
        (f"/lines/{line.line_no - 1}/identity_number", line.person_id)
        for line in whole
        if line.person_id is not None
    ]
    await persons_flow.require_right_numbers(tx, named, keys)
    await event_flow.count_years(tx, claim, draft.filed_on, row, whole)
    source = event_flow.source_of(draft, row, await benefits_flow.siblings(tx, row))
    papers = event_flow.papers_of(draft, source, keys)
    await event_flow.claim_all(tx, claim, source, whole, papers)
    claim, lines = await advance_flow.deduct(tx, claim, draft, whole, keys=keys, caller=caller)
    await claim_store.write_lines(tx, claim.ref, lines)
    total_fen = sum(line.amount_fen for line in lines)
    filed = replace(claim, lines=len(lines), total_fen=total_fen)
    return await file(tx, filed, digest, caller, basis)


def _line(line_no: int, draft: ClaimLineDraft, keys: PersonKeys) -> ClaimLine:
    number = draft.identity_number
    return ClaimLine(
        line_no=line_no,
        payee_name=keys.name.seal(draft.payee_name),
        bank=draft.bank,
        bank_number=keys.bank_number.seal(draft.bank_number),
        bank_holder=keys.bank_holder.seal(draft.bank_holder),
        amount_fen=draft.amount_fen,
        reference=draft.reference,
        person_id=keys.key(number) if number else None,
        sealed_number=keys.seal(number) if number else None,
        event_on=draft.event_on,
        cost=draft.cost,
    )


def new_claim(
    row: BenefitKind,
    *,
    district: str,
    period: Period,
    filed_on: date,
    summary: str,
    caller: Caller,
    credit_code: str | None = None,
    documents: Sequence[str] = (),
) -> Claim:
    """Build a claim without lines by its kind's row."""
    # The fund of the day of filing pays, whatever the month: after the maternity fund was merged,
    # the medical fund pays the allowance of an earlier month.
    return Claim(
        ref=Ref.new(claim_key(row.kind, district, period)),
        kind=row.kind,
        district=district,
        period=period,
        filed_on=filed_on,
        fund=row.fund,
        account=row.account,
        lines=0,
        total_fen=0,
        status=ClaimStatus.FILED,
        summary=summary,
        credit_code=credit_code,
        filed_by=caller.subject,
        documents=documents,
        signatures=row.signatures,
    )


async def require_new(tx: AsyncConnection, claim: Claim, digest: bytes) -> None:
    """Refuse a claim whose paper was filed before and is not refused.

    Raises:
        ClaimExists: it was.
    """
    # The unique index decides. Looking first lets the refusal name the claim, and saves writing
    # its lines.
    same = await claim_store.find_same(tx, claim, digest)
    if same is not None:
        raise claim_store.ClaimExists(claim=same.text(Reference.CLAIM))


async def file(
    tx: AsyncConnection,
    claim: Claim,
    digest: bytes,
    caller: Caller,
    basis: dict[str, Any] | None = None,
) -> Claim:
    """Store a claim's head and the first step of its trail.

    Raises:
        ClaimExists: the same paper was filed before and is not refused.
    """
    await claim_store.insert(tx, claim, digest)
    more = {"filed_on": str(claim.filed_on), **({"basis": basis} if basis else {})}
    await _record(tx, claim, "filed", caller, more=more)
    return claim


async def sign(
    tx: AsyncConnection,
    ref: Ref,
    decision: Decision,
    note: str | None,
    *,
    today: date,
    caller: Caller,
) -> Claim:
    """Give a claim its next signature, or refuse it. The last one books what it settles of advances.

    Two people may refuse an approved claim over an account that the ledger does not pay.

    Raises:
        NotFound: no such claim.
        Forbidden, ClaimDecided, SignatureOutOfOrder, NoteMissing: see `Claim.decide`.
        SamePersonTwice: the caller filed or signed it before; nothing is written.
        PensionDrawn, PensionChanged: see `account_flow.require_payable`.
        Faulty: the last signature, and a person was given a pension for the month meanwhile.
    """
    refused = decision is Decision.REFUSE
    if refused:
        # Before the claim's own lock, as a run does: its months become due again.
        await entitlement_store.lock_pensions(tx, alone=True)
    else:
        await account_flow.lock(tx, ref, today)
    claim = await claim_store.load(tx, ref, lock=True)
    if claim is None:
        raise NotFound(claim=ref.text(Reference.CLAIM))
    if refused and claim.status is ClaimStatus.APPROVED and claim.kind in ACCOUNT_KINDS:
        return await refusal_flow.refuse_approved(tx, claim, note, caller=caller)
    transition = claim.decide(decision, by=caller, note=note)
    if not await claim_store.set_status(tx, ref, was=claim.status, to=transition.to):
        raise SignatureOutOfOrder(status=claim.status.value)
    if refused:
        await refusal_flow.release(tx, ref, caller)
    step = f"refused_after_{claim.status.value}" if refused else transition.to.value
    signed = replace(claim, status=transition.to)
    if transition.to is ClaimStatus.APPROVED:
        await account_flow.require_no_pension(tx, signed, today)
        await advance_flow.book(tx, signed, today)
        await deduction_flow.book(tx, deducting(signed), today, caller=caller)
        if signed.kind in ACCOUNT_KINDS:
            await account_flow.require_payable(tx, ref, today)
            await withdrawals_flow.book(tx, ref, today)
    await _record(tx, signed, step, caller, why=note)
    return signed


def deducting(claim: Claim) -> DeductingRun:
    """Build what a run is to the recovery cases for which it keeps amounts back."""
    return DeductingRun(
        claim=claim.ref,
        kind=BASIC_PENSION,
        fund=claim.fund,
        account=claim.account,
        district=claim.district,
        period=claim.period,
    )


async def _record(
    tx: AsyncConnection,
    claim: Claim,
    step: str,
    caller: Caller,
    *,
    why: str | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=claim.ref.key,
            paper=PAPER,
            paper_id=claim.ref.id,
            step=step,
            signs=True,
            why=why,
            detail={"lines": claim.lines, "total": format_yuan(claim.total_fen), **more},
        ),
        caller,
    )


async def find(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> Claim:
    """Read a claim that the caller may see.

    Raises:
        NotFound: no such claim.
        Forbidden: another district's claim.
    """
    claim = await claim_store.load(tx, ref)
    if claim is None:
        raise NotFound(claim=ref.text(Reference.CLAIM))
    caller.require_district(claim.district)
    return claim


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[Claim]:
    """Read claims in order of filing; `filters` are columns and the values they must have.

    Raises:
        BenefitKindUnknown: no row names the kind of the filter.
    """
    kind = filters.get("kind")
    if kind is not None:
        require_known(kind, await benefits_flow.kinds(tx))
    return await claim_store.page(tx, filters=filters, after=after, limit=limit)


async def lines(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, caller: Caller
) -> list[ClaimLine]:
    """Read the lines of a claim that the caller may see, by number, after one.

    Raises:
        NotFound, Forbidden: see `find`.
    """
    claim = await find(tx, ref, caller=caller)
    found = await claim_store.page_of_lines(tx, ref, after=after, limit=limit)
    if not claim.settled_fen:
        return found
    advances = await advance_store.of_lines(tx, ref)
    return [replace(line, advance=advances.get(line.line_no)) for line in found]


async def read_payees(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, caller: Caller
) -> list[ClaimLine]:
    """Read whole payees of a claim, and one line more; the trail names the reader and the lines.

    Raises:
        NotFound, Forbidden: see `find`.
    """
    claim = await find(tx, ref, caller=caller)
    found = await claim_store.page_of_lines(tx, ref, after=after, limit=limit + 1)
    shown = [line.line_no for line in found[:limit]]
    await record_reading(tx, PAPER, claim.ref, "payees_read", shown, caller)
    return found


async def steps(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> list[dict[str, Any]]:
    """Read the trail of a claim that the caller may see.

    Raises:
        NotFound, Forbidden: see `find`.
    """
    await find(tx, ref, caller=caller)
    return await trail.of_paper(tx, ref.key, ref.id)
