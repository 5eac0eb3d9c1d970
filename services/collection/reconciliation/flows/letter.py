"""Reconcile a month with another organisation: draft and sign a letter, take its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain import letter as letter_rules
from services.collection.reconciliation.domain.letter import (
    ACCOUNTS_OF,
    LetterExists,
    LetterFigure,
    LetterNotReady,
    LetterParty,
    LetterStatus,
    LetterUnknown,
    ReconciliationLetter,
)
from services.collection.reconciliation.flows import bank_table as bank_table_flow
from services.collection.reconciliation.flows.run import NoStatementYet
from services.collection.reconciliation.store import letter as letter_store
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import Ref, uuid7
from shared.period import Period
from shared.roles import CENTRE, Caller, Level

PAPER = "reconciliation_letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRequest:
    """The party and the month of a letter; a district's letter names it."""

    party: LetterParty
    period: Period
    district: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterAnswer:
    """The other side's answer: it agrees, or names the figures that differ (fen)."""

    agrees: bool
    figures: Mapping[str, int]
    note: str


async def draft(
    tx: AsyncConnection, request: LetterRequest, *, region: str, caller: Caller
) -> ReconciliationLetter:
    """Draft a letter with the figures of a month's last day.

    Raises:
        Faulty: a district is missing, or named where none belongs.
        NoStatementYet: an account of the party has no statement yet. LetterExists: there is one.
    """
    caller.require_district(CENTRE)
    if (request.party is LetterParty.DISTRICT) != (request.district is not None):
        message = (
            "分中心对账须指明分中心,其他不得指明 (name a district for a district's letter only)"
        )
        raise Faulty(faults=[Fault("/district", "DISTRICT_MISPLACED", message)])
    district = request.district or CENTRE
    letter = ReconciliationLetter(
        letter_key=letter_rules.letter_key(request.party, district),
        id=uuid7(),
        party=request.party,
        period=str(request.period),
        district=district,
        figures=await _figures(tx, request, region),
        status=LetterStatus.DRAFTED,
        drafted_by=caller.subject,
        drafted_on=today(),
    )
    if not await letter_store.insert(tx, letter):
        raise LetterExists(party=request.party.value, period=letter.period)
    await _record(tx, letter, "draft", caller)
    return letter


async def _figures(tx: AsyncConnection, request: LetterRequest, region: str) -> list[LetterFigure]:
    period = request.period
    if request.district is not None:
        return await letter_store.district_figures(
            tx, request.district, period.first_day, period.last_day
        )
    figures = []
    for account in ACCOUNTS_OF[request.party]:
        try:
            found = await bank_table_flow.table(tx, account, period.last_day, region=region)
        except NoStatementYet:
            continue
        figures += [
            LetterFigure(f"{account}.bank", found.bank_fen),
            LetterFigure(f"{account}.books", found.book_fen),
            LetterFigure(f"{account}.adjusted", found.adjusted_bank_fen),
        ]
    if not figures:
        raise NoStatementYet(party=request.party.value)
    return figures


async def sign(tx: AsyncConnection, ref: Ref, caller: Caller) -> ReconciliationLetter:
    """Sign a letter for us, as another person than who drafted it.

    Raises:
        LetterUnknown, LetterNotReady, SamePersonTwice, Forbidden: the caller cannot sign it.
    """
    caller.require_district(CENTRE)
    letter = await _lock(tx, ref, LetterStatus.DRAFTED)
    await _record(tx, letter, "sign", caller)
    await letter_store.sign(tx, ref, by=caller.subject, on=today())
    return replace(letter, status=LetterStatus.SIGNED, signed_by=caller.subject, signed_on=today())


async def answer(
    tx: AsyncConnection, ref: Ref, given: LetterAnswer, caller: Caller
) -> ReconciliationLetter:
    """Take the answer of the other side: a person or client of that organisation.

    Raises:
        LetterUnknown, LetterNotReady, Forbidden, SamePersonTwice: the caller cannot answer it.
        Faulty: figures do not fit the letter.
    """
    letter = await _lock(tx, ref, LetterStatus.SIGNED)
    letter_rules.require_party(caller, letter.party, letter.district)
    figures = letter_rules.answered(letter.figures, given.figures, agrees=given.agrees)
    done = replace(
        letter,
        figures=figures,
        status=LetterStatus.AGREED if given.agrees else LetterStatus.DISPUTED,
        answered_by=caller.subject,
        answered_on=today(),
        note=given.note,
    )
    await _record(tx, letter, "agree" if given.agrees else "dispute", caller, why=given.note)
    await letter_store.answer(tx, done)
    return done


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> ReconciliationLetter:
    """Read a letter that the caller may see: people of the centre all, others their own.

    Raises:
        LetterUnknown: there is none. Forbidden: it is another party's.
    """
    letter = await letter_store.find(tx, ref)
    if letter is None:
        raise LetterUnknown
    if caller.level is not Level.CENTRE:
        letter_rules.require_party(caller, letter.party, letter.district)
    return letter


async def trail_of(tx: AsyncConnection, ref: Ref, caller: Caller) -> list[dict[str, Any]]:
    """Read the steps on a letter.

    Raises:
        LetterUnknown, Forbidden: as `find`.
    """
    letter = await find(tx, ref, caller)
    return await trail.of_paper(tx, letter.letter_key, letter.id)


async def page(
    tx: AsyncConnection,
    *,
    party: str | None,
    period: str | None,
    district: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[ReconciliationLetter]:
    """Read letters by their id."""
    read = partial(
        letter_store.page, tx, party=party, period=period, district=district, status=status
    )
    return await read(after=after, limit=limit)


async def _lock(tx: AsyncConnection, ref: Ref, wanted: LetterStatus) -> ReconciliationLetter:
    letter = await letter_store.find(tx, ref, lock=True)
    if letter is None:
        raise LetterUnknown
    if letter.status is not wanted:
        raise LetterNotReady(status=letter.status.value)
    return letter


async def _record(
    tx: AsyncConnection,
    letter: ReconciliationLetter,
    step: str,
    caller: Caller,
    why: str | None = None,
) -> None:
    written = trail.Step(
        shard_key=letter.letter_key,
        paper=PAPER,
        paper_id=letter.id,
        step=step,
        signs=True,
        why=why,
        detail={"party": letter.party.value, "period": letter.period, "district": letter.district},
    )
    await trail.record(tx, written, caller)
