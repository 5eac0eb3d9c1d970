"""Filing claims and signing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import store as benefits_store
from services.payout.benefits.domain import BASIC_PENSION, ClaimKind, booking_of
from services.payout.claims import store as claims_store
from services.payout.claims.domain import (
    PAPER,
    Claim,
    ClaimLine,
    Decision,
    OutOfOrder,
    State,
    claim_key,
)
from services.payout.common.domain import (
    AskedLine,
    NothingToPay,
    faults_in_claim,
    paper_hash,
    require_begun,
    require_faultless,
    require_not_future,
)
from services.payout.common.flows import People
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedClaim:
    """A claim with its lines as handed in."""

    kind: ClaimKind
    district: str
    period: Period
    credit_code: str | None
    filed_on: date
    summary: str
    control_lines: int
    control_total_fen: int
    lines: Sequence[AskedLine]


def check_claim(asked: AskedClaim, today: date, caller: Caller) -> None:
    """Everything about a claim that can be refused without looking anywhere.

    Raises:
        Forbidden: another district's claim.
        DateInFuture, PeriodInFuture: the day or the month has not begun.
        Faulty: every fault in the lines and the control totals.
    """
    caller.require_district(asked.district)
    require_not_future(asked.filed_on, today)
    require_begun(asked.period, today)
    require_faultless(
        faults_in_claim(
            asked.lines,
            control_lines=asked.control_lines,
            control_total_fen=asked.control_total_fen,
            today=today,
        )
    )


async def file_pension_run(
    tx: AsyncConnection, *, district: str, period: Period, today: date, caller: Caller
) -> Claim:
    """The month run of a district: one claim with a line for everybody entitled.

    Raises:
        Forbidden: another district.
        PeriodInFuture: the month has not begun.
        ClaimExists: the run of this district and month lives already.
        NothingToPay: nobody is entitled.
    """
    caller.require_district(district)
    require_begun(period, today)
    draft = await _draft(
        tx,
        kind=ClaimKind.PENSION_RUN,
        district=district,
        period=period,
        summary=f"{period} 基本养老金月度发放",
        credit_code=None,
        filed_on=today,
        caller=caller,
    )
    await _require_new(tx, draft, b"")
    lines, total_fen = await claims_store.write_pension_lines(
        tx, draft.ref, kind=BASIC_PENSION, district=district, period=period
    )
    if not lines:
        raise NothingToPay(district=district, period=str(period))
    return await _file(tx, replace(draft, lines=lines, total_fen=total_fen), b"", caller)


async def file_claim(
    tx: AsyncConnection, asked: AskedClaim, *, people: People, caller: Caller
) -> Claim:
    """File a claim that `check_claim` has passed.

    Raises:
        ClaimExists: the same paper lives already.
    """
    draft = await _draft(
        tx,
        kind=asked.kind,
        district=asked.district,
        period=asked.period,
        summary=asked.summary,
        credit_code=asked.credit_code,
        filed_on=asked.filed_on,
        caller=caller,
    )
    digest = paper_hash(people.pepper, asked.summary, asked.credit_code, asked.lines)
    await _require_new(tx, draft, digest)
    rows = [_line(at, line, people) for at, line in enumerate(asked.lines, start=1)]
    await claims_store.write_lines(tx, draft.ref, rows)
    total_fen = sum(line.amount_fen for line in asked.lines)
    return await _file(tx, replace(draft, lines=len(rows), total_fen=total_fen), digest, caller)


def _line(line_no: int, asked: AskedLine, people: People) -> ClaimLine:
    number = asked.identity_number
    return ClaimLine(
        line_no=line_no,
        payee_name=asked.payee_name,
        bank=asked.bank,
        bank_number=asked.bank_number,
        bank_holder=asked.bank_holder,
        amount_fen=asked.amount_fen,
        reference=asked.reference,
        person_id=people.key(number) if number else None,
        sealed_number=people.seal(number) if number else None,
    )


async def _draft(
    tx: AsyncConnection,
    *,
    kind: ClaimKind,
    district: str,
    period: Period,
    summary: str,
    credit_code: str | None,
    filed_on: date,
    caller: Caller,
) -> Claim:
    # The fund that exists when it is filed pays, whatever month it is for: after the merger of
    # the maternity fund, an allowance of an earlier month is the medical fund's.
    booking = booking_of(kind, await benefits_store.kinds(tx), filed_on)
    return Claim(
        ref=Ref.new(claim_key(kind, district, period)),
        kind=kind,
        district=district,
        period=period,
        fund=booking.fund,
        account=booking.account,
        lines=0,
        total_fen=0,
        status=State.FILED,
        summary=summary,
        credit_code=credit_code,
        filed_by=caller.subject,
    )


async def _require_new(tx: AsyncConnection, draft: Claim, digest: bytes) -> None:
    # The unique index decides; asking first names the claim and spares writing its lines.
    known = await claims_store.living(tx, draft, digest)
    if known is not None:
        raise claims_store.ClaimExists(claim=known.text(Reference.CLAIM))


async def _file(tx: AsyncConnection, claim: Claim, digest: bytes, caller: Caller) -> Claim:
    await claims_store.insert(tx, claim, digest)
    await _record(tx, claim, "filed", caller, signs=True)
    return claim


async def sign(
    tx: AsyncConnection, ref: Ref, decision: Decision, note: str | None, *, caller: Caller
) -> Claim:
    """Give a claim its next signature, or refuse it.

    Raises:
        NotFound: no such claim.
        Forbidden, Decided, OutOfOrder, NoteMissing: see `Claim.decide`.
        SamePersonTwice: the caller filed or signed it before; nothing is written.
    """
    claim = await claims_store.load(tx, ref, lock=True)
    if claim is None:
        raise NotFound(claim=ref.text(Reference.CLAIM))
    move = claim.decide(decision, by=caller, note=note)
    if not await claims_store.move(tx, ref, was=claim.status, to=move.to):
        raise OutOfOrder(status=claim.status.value)
    signed = replace(claim, status=move.to)
    step = move.to.value if decision is Decision.APPROVE else f"refused_after_{claim.status.value}"
    await _record(tx, signed, step, caller, signs=True, why=note)
    return signed


async def _record(
    tx: AsyncConnection,
    claim: Claim,
    step: str,
    caller: Caller,
    *,
    signs: bool,
    why: str | None = None,
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=claim.ref.key,
            paper=PAPER,
            paper_id=claim.ref.id,
            step=step,
            signs=signs,
            why=why,
            detail={"lines": claim.lines, "total": format_yuan(claim.total_fen)},
        ),
        caller,
    )


async def visible(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> Claim:
    """A claim that the caller may see.

    Raises:
        NotFound: no such claim.
        Forbidden: another district's.
    """
    claim = await claims_store.load(tx, ref)
    if claim is None:
        raise NotFound(claim=ref.text(Reference.CLAIM))
    caller.require_district(claim.district)
    return claim
