"""Closings and reopenings: proposed by one person, done when another approves.

The approval locks the heads of all slots in order before it reads. A posting either committed before,
and the closing sees it, or finds a new revision of its slot and the day closed. They can never both
succeed, whatever the number of processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.closing import store as closing_store
from services.ledger.closing.domain.carry_over import carried_accounts, carry_overs
from services.ledger.closing.domain.closing import (
    CarryOverPosting,
    Closing,
    ClosingAction,
    ClosingEvidence,
    ClosingProgress,
    ClosingStatus,
    require_closable,
    require_reopenable,
)
from services.ledger.closing.domain.evidence import (
    Balances,
    FundAccount,
    accounts_of,
    benefits_paid,
    item_totals,
    memo_totals,
    of_account,
    of_all_years,
    personal_totals,
)
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.personal.domain import CreditKind
from services.ledger.personal.store import year as year_store
from services.ledger.posting.domain.batch import CommandGroup, PostedVoucher, Posting, PriorAnswers
from services.ledger.posting.domain.decide import decide
from services.ledger.posting.domain.reversal import reversal
from services.ledger.posting.domain.voucher import Draft, instant_text
from services.ledger.posting.store import batch as batch_store
from services.ledger.posting.store import checkpoint as checkpoint_store
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store import hold as hold_store
from services.ledger.posting.store import known as known_store
from services.ledger.posting.store import past as past_store
from services.ledger.posting.store.batch import WriteResult
from services.ledger.reports.store import by_hand as by_hand_store
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.by_hand import HandKey, HandVoucher
from services.ledger.reports.store.report import OpenItem, Window
from services.ledger.rules.domain.chart import OWN_SOURCE, Catalogue
from services.ledger.rules.domain.closing_rule import Level
from shared import clock, trail
from shared.book_days.open_day import BookDays
from shared.cursor import cut, read_cursor, read_uuid
from shared.db import raw
from shared.entry import Account, Book, is_benefit
from shared.errors import NotFound, SamePersonTwice, StateConflict
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller
from shared.security.person_name import same_person
from shared.webhooks.event import EventType, NewEvent, record_events
from shared.wire.control_item import ControlItem, opening_of


async def propose(
    tx: AsyncConnection, catalogue: Catalogue, closing: Closing, by: Caller
) -> Closing:
    """Record a closing or reopening for another person to approve, if it is possible now.

    Raises:
        DayBeforeChart: no chart knows the day.
        LedgerRefusal: it is not possible now, with every reason.
    """
    await _require_possible(tx, catalogue, closing)
    await closing_store.insert(tx, closing)
    step = trail.Step(
        shard_key=CENTRE_SLOT,
        paper=closing_store.PAPER,
        paper_id=closing.id,
        step="proposed",
        signs=True,
        why=closing.reason or None,
    )
    await trail.record(tx, step, by)
    return closing


async def approve(tx: AsyncConnection, catalogue: Catalogue, id: str, by: Caller) -> Closing:
    """Do what was proposed in one commit: check again under the locks, carry over, move the watermark.

    A repeat by the approver returns the first result.

    Raises:
        NotFound: there is no such paper.
        SamePersonTwice: the proposer may not approve.
        StateConflict: another person has approved it.
        LedgerRefusal: it is not possible now, with every reason.
    """
    heads = await head_store.lock_all(tx)
    found = await closing_store.load(tx, ref(id).id, lock=True)
    if found is None:
        raise NotFound(closing=id[:60])
    if found.status is ClosingStatus.DONE:
        if found.approved_by == by.subject:
            return found
        raise StateConflict(status=found.status.value)
    if same_person(found.proposed_by, by.subject):
        raise SamePersonTwice(person=by.subject, step="approved")
    assert heads, "the ledger has no slots"
    await _require_possible(tx, catalogue, found)
    step = trail.Step(
        shard_key=CENTRE_SLOT,
        paper=closing_store.PAPER,
        paper_id=found.id,
        step="approved",
        signs=True,
    )
    await trail.record(tx, step, by)
    done = replace(found, status=ClosingStatus.DONE, approved_by=by.subject)
    if found.action is ClosingAction.REOPEN:
        return await _reopen(tx, catalogue, done)
    reference = Ref(CENTRE_SLOT, found.id).text(Reference.CLOSING)
    facts = {"level": found.level.value, "period": found.period}
    await record_events(tx, [NewEvent(EventType.PERIOD_CLOSED, CENTRE_SLOT, reference, facts)])
    return await _close(tx, catalogue, done)


async def find(tx: AsyncConnection, id: str) -> Closing:
    """Return one closing or reopening.

    Raises:
        NotFound: there is no such paper.
    """
    found = await closing_store.load(tx, ref(id).id)
    if found is None:
        raise NotFound(closing=id[:60])
    return found


async def page(
    tx: AsyncConnection, level: Level | None, cursor: str | None, limit: int
) -> tuple[list[Closing], str | None]:
    """Return a page of closings and reopenings, newest first, and the next cursor.

    Raises:
        BadCursor: not a cursor of this query.
    """
    filters = {"level": level}
    before = read_uuid(cursor, filters)
    rows = await closing_store.page(
        tx, level=level.value if level else None, before=before, limit=limit + 1
    )
    return cut(rows, limit, lambda row: [str(row.id)], filters)


async def steps(tx: AsyncConnection, id: str) -> list[dict[str, Any]]:
    """Return the trail of a closing or reopening, oldest first.

    Raises:
        NotFound: there is no such paper.
    """
    closing = await find(tx, id)
    return await trail.of_paper(tx, CENTRE_SLOT, closing.id)


async def progress(tx: AsyncConnection, region: str) -> ClosingProgress:
    """Return how far a region's books are closed."""
    return await closing_store.progress(tx, region)


async def open_items(
    tx: AsyncConnection, day: date, cursor: str | None, limit: int
) -> tuple[list[OpenItem], str | None]:
    """Return a page of receipts in suspense at the end of a day, and the next cursor.

    Raises:
        BadCursor: not a cursor of this query.
    """
    filters = {"as_of": day}
    key = read_cursor(cursor, filters, (str, str, str)) if cursor else None
    after = (key[0], key[1], key[2]) if key else None
    rows = await report_store.open_items(tx, day, after, limit + 1)
    return cut(rows, limit, lambda row: [row.receipt, row.fund, row.district], filters)


def ref(id: str) -> Ref:
    """Parse a closing's identifier.

    Raises:
        NotFound: it is not one of the centre's.
    """
    found = Ref.parse(Reference.CLOSING, id)
    if found.key != CENTRE_SLOT:
        raise NotFound(closing=id[:60])
    return found


async def _require_possible(tx: AsyncConnection, catalogue: Catalogue, closing: Closing) -> None:
    reopens = closing.action is ClosingAction.REOPEN
    pointer = "/from_day" if reopens else "/period"
    BookDays(chart_from=catalogue.first_day).charted_day(closing.day, pointer)
    closed = await closing_store.progress(tx, closing.region)
    if reopens:
        require_reopenable(closing.day, closed)
        return
    rules = await closing_store.rules(tx, closing.level, closing.day)
    found = await evidence(tx, catalogue, closing.day)
    require_closable(closing, closed, found, rules, clock.today())


@dataclass(frozen=True, slots=True)
class _BooksAt:
    """Balances at the end of a day: statutory and memo, and net ones of all years."""

    statutory: Balances
    memo: Balances
    net: Mapping[FundAccount, int]
    items: Mapping[str, Mapping[ControlItem, int]]


async def evidence(tx: AsyncConnection, catalogue: Catalogue, day: date) -> ClosingEvidence:
    """Read the balances that decide whether a day may be closed."""
    books = await _books_at(tx, catalogue, day)
    credited = await year_store.totals(tx, CreditKind.CONTRIBUTION, day)
    opening = await _books_at(tx, catalogue, opening_of(day))
    suspense = of_account(books.statutory, Account.SUSPENSE_RECEIPTS, sign=-1)
    return ClosingEvidence(
        suspense=suspense,
        income=of_account(books.statutory, Account.INCOME_DEPOSIT),
        memo=memo_totals(books.memo),
        benefits=benefits_paid(books.net),
        personal=personal_totals(books.net, credited),
        items=books.items,
        opening=opening.items,
        unbalanced=await closing_store.unbalanced(tx, day),
        suspended_since=await closing_store.suspended_since(tx, day) if suspense else {},
        holds=await hold_store.pending(tx, day),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandQuery:
    """The vouchers by hand of one item and fund, in the month of a day and up to it."""

    item: ControlItem
    fund: str
    as_of: date


async def vouchers_by_hand(
    tx: AsyncConnection, catalogue: Catalogue, query: HandQuery, cursor: str | None, limit: int
) -> tuple[list[HandVoucher], str | None]:
    """Return a page of vouchers that people posted, and the next cursor.

    Raises:
        BadCursor: not a cursor of this query.
    """
    filters = asdict(query)
    key = read_cursor(cursor, filters, (str, int, int)) if cursor else None
    every = [one.key for one in catalogue.every_account(query.as_of)]
    rows = await by_hand_store.page(
        tx,
        accounts_of(query.item, filter(is_benefit, every)),
        fund=query.fund,
        from_day=query.as_of.replace(day=1),
        to_day=query.as_of,
        after=HandKey(date.fromisoformat(key[0]), key[1], key[2]) if key else None,
        limit=limit + 1,
    )
    return cut(rows, limit, lambda row: [row.book_date.isoformat(), row.slot, row.seq], filters)


async def _books_at(tx: AsyncConnection, catalogue: Catalogue, day: date) -> _BooksAt:
    statutory = await closing_store.balances(
        tx, [Account.SUSPENSE_RECEIPTS, Account.INCOME_DEPOSIT], day, book=Book.STATUTORY.value
    )
    memo = await closing_store.balances(
        tx,
        [Account.MEMO_RECEIVABLE, Account.MEMO_COLLECTED, Account.MEMO_LEVIED],
        day,
        book=Book.MEMO.value,
    )
    benefits = [account.key for account in catalogue.every_account(day) if is_benefit(account.key)]
    sums = await closing_store.balances(
        tx, [*benefits, Account.CONTRIBUTION_PERSONAL], day, book=Book.STATUTORY.value
    )
    carried = await past_store.carry_over_seqs(tx)
    window = Window(to_day=day)
    carry_overs = await report_store.sums_of_vouchers(tx, carried, window) if carried else []
    net = of_all_years(sums, carry_overs)
    rare = await closing_store.charges_and_refunds(tx, day)
    return _BooksAt(statutory, memo, net, item_totals(statutory, memo, net, rare))


async def _close(tx: AsyncConnection, catalogue: Catalogue, closing: Closing) -> Closing:
    closed = await closing_store.progress(tx, closing.region)
    carried: tuple[CarryOverPosting, ...] = ()
    if closing.level is Level.YEAR:
        attempt = 1 + await closing_store.attempts(tx, closing.region, closing.day)
        accounts = carried_accounts(catalogue, closing.day)
        balances = await closing_store.balances(
            tx, accounts, closing.day, book=Book.STATUTORY.value
        )
        drafts = carry_overs(catalogue, balances, closing.day, attempt)
        # December is already closed: its last day is opened for the carry-over only, under locks
        # that keep everybody else out.
        await closing_store.close_until(tx, None)
        seqs = await _post(tx, catalogue, list(drafts.values()))
        carried = tuple(
            CarryOverPosting(fund, seq, closing.day.year)
            for fund, seq in zip(drafts, seqs, strict=True)
        )
    before = closed.closed_until
    after = closing.day if before is None else max(before, closing.day)
    return await _finish(
        tx, replace(closing, closed_before=before, closed_after=after, carried=carried)
    )


async def _reopen(tx: AsyncConnection, catalogue: Catalogue, paper: Closing) -> Closing:
    closed = await closing_store.progress(tx, paper.region)
    undone = await closing_store.to_be_reopened(tx, paper.region, paper.day)
    # Days before the reopened day stay closed, even if no closing named them.
    after = date.fromordinal(paper.day.toordinal() - 1)
    await closing_store.close_until(tx, after)
    carried = await _reverse(tx, catalogue, paper, [one for year in undone for one in year.carried])
    await closing_store.mark_reopened(tx, [one.id for one in undone], paper.id)
    return await _finish(
        tx, replace(paper, closed_before=closed.closed_until, closed_after=after, carried=carried)
    )


async def _reverse(
    tx: AsyncConnection, catalogue: Catalogue, paper: Closing, carried: Sequence[CarryOverPosting]
) -> tuple[CarryOverPosting, ...]:
    """Reverse carry-overs; each reversal is linked to its original and has the same date."""
    connection = await raw(tx)
    drafts = []
    for one in carried:
        original = await known_store.voucher(connection, CENTRE_SLOT, one.seq)
        assert original is not None
        drafts.append(
            reversal(
                original,
                one.seq,
                source=OWN_SOURCE,
                event_id=f"{original.event_id}:reopened",
                book_date=original.book_date,
                summary=f"反结账冲回:{paper.reason}"[:200],
            )
        )
    seqs = await _post(tx, catalogue, drafts)
    return tuple(replace(one, seq=seq) for one, seq in zip(carried, seqs, strict=True))


async def _post(tx: AsyncConnection, catalogue: Catalogue, drafts: Sequence[Draft]) -> list[int]:
    """Post the ledger's own vouchers in the centre's slot, whose head is already locked."""
    if not drafts:
        return []
    connection, at = await raw(tx), clock.now()
    state = await head_store.load(
        connection, CENTRE_SLOT, catalogue.floored, lock=True, cached=None, generation=None
    )
    decision = decide(
        state,
        [CommandGroup((Posting(draft),)) for draft in drafts],
        PriorAnswers(),
        floored=catalogue.floored,
        today=clock.today(),
        recorded_at=instant_text(at),
    )
    booked = [outcome for (outcome,) in decision.outcomes if isinstance(outcome, PostedVoucher)]
    assert len(booked) == len(drafts), decision.outcomes
    written = await batch_store.write(connection, decision, at)
    assert written is WriteResult.DONE, "the head was locked"
    return [one.seq for one in booked]


async def _finish(tx: AsyncConnection, closing: Closing) -> Closing:
    await closing_store.close_until(tx, closing.closed_after)
    await _write_checkpoints(tx)
    done = replace(closing, heads=await closing_store.heads(tx))
    await closing_store.mark_done(tx, done)
    return done


async def _write_checkpoints(tx: AsyncConnection) -> None:
    """Write the sums of what is closed; the slots' heads are locked."""
    connection = await raw(tx)
    for slot, _, _ in await head_store.all_heads(tx):
        await checkpoint_store.advance(connection, slot)
