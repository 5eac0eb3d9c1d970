"""Lowering personal accounts by the pensions that are paid from them, in sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import BookDateInFuture
from services.ledger.draws import store as draws_store
from services.ledger.personal.domain import Bill, CreditKind
from services.ledger.personal.flows import BillOutcome
from services.ledger.personal.store import account as account_store
from services.ledger.personal.store import year as year_store
from services.ledger.rules.domain.chart import Catalogue
from shared import clock
from shared.errors import Fault, Faulty, StateConflict
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawResult:
    """Outcome of a paper of draws, and the amount that the accounts gave; a repeat gives nothing."""

    outcome: BillOutcome
    drawn_fen: int


async def draw(tx: AsyncConnection, catalogue: Catalogue, paper: Bill, by: Caller) -> DrawResult:
    """Draw what pensions ask of accounts, once a paper; a closed year's on the first open day.

    An account gives up to what it ever held, over all papers. So an empty one gives nothing, the
    pooled fund pays the rest, and what comes back is put back only as far as it was drawn.

    Raises:
        Faulty: no such fund, a person twice, or an amount of zero.
        BookDateInFuture: a day that has not come.
        StateConflict: the paper was used for something else.
    """
    [fund] = {one.fund for one in paper.credits}
    _require_sound(catalogue, paper, fund)
    # Alone, so that two papers cannot both see the same money.
    closed = await account_store.closed_years(tx, {fund}, alone=True)
    known = await account_store.first_hashes(tx, [paper])
    if paper.id in known:
        if known[paper.id] != paper.body_hash:
            raise StateConflict(paper=paper.id)
        return DrawResult(outcome=BillOutcome.REPLAYED, drawn_fen=0)
    last_closed = closed[fund] or 0
    if last_closed >= paper.credited_on.year:
        open_day = date(last_closed + 1, 1, 1)
        paper = replace(paper, credited_on=open_day, stated_on=paper.credited_on)
    await account_store.claim(tx, [paper], by.subject)
    people, drawn_fen = await draws_store.draw(tx, paper, fund)
    if people:
        await year_store.insert_totals(tx, [(paper, fund, people, -drawn_fen)])
    return DrawResult(outcome=BillOutcome.CREDITED, drawn_fen=drawn_fen)


def _require_sound(catalogue: Catalogue, paper: Bill, fund: str) -> None:
    if paper.credited_on > clock.today():
        raise BookDateInFuture(day=paper.credited_on.isoformat())
    assert paper.kind is CreditKind.PENSION
    faults: list[Fault] = []
    if catalogue.fund(fund, paper.credited_on) is None:
        faults.append(Fault("/fund", "FUND_UNKNOWN", fund))
    faults += _draw_faults([(one.person_id, one.amount_fen) for one in paper.credits])
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))


def _draw_faults(draws: Sequence[tuple[int, int]]) -> list[Fault]:
    times = Counter(person_id for person_id, _ in draws)
    faults = []
    for index, (person_id, asked_fen) in enumerate(draws):
        if times[person_id] > 1:
            message = "同一人列出两次 (a person twice)"
            faults.append(Fault(f"/draws/{index}/person", "PERSON_TWICE", message))
        if asked_fen == 0:
            message = "金额不得为零 (not zero)"
            faults.append(Fault(f"/draws/{index}/amount", "AMOUNT_ZERO", message))
    return faults
