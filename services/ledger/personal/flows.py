"""Personal accounts: credits, injections, transfers, yearly interest, statements and control
totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import BookDateInFuture
from services.ledger.personal.domain import (
    TAKEN,
    BalanceTooSmall,
    Bill,
    BroughtMonths,
    Credit,
    CreditKind,
    FundControl,
    HeldBalance,
    NoInjectionRule,
    Rate,
    RateNotProposed,
    Retiree,
    YearClosed,
    YearNotReady,
    YearRun,
    injection,
)
from services.ledger.personal.store import account as account_store
from services.ledger.personal.store import holder as holder_store
from services.ledger.personal.store import year as year_store
from services.ledger.posting.store import past as past_store
from services.ledger.reports.domain.balance import minus
from services.ledger.reports.domain.cube import CubeFilter
from services.ledger.reports.flows.cube import CubeCache
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Catalogue
from shared import clock
from shared.entry import Account, Book
from shared.errors import Fault, Faulty, SamePersonTwice, StateConflict
from shared.period import Period
from shared.roles import Caller
from shared.security.person_name import same_person

BASIC_PENSION: Final = "benefit.basic_pension"
"""Account of what the fund pays of pensions, the part of the personal accounts included."""
PROPOSED_MAX: Final = 1_000
"""Rates waiting for approval that one answer lists."""


class BillOutcome(StrEnum):
    """Outcome of a bill."""

    CREDITED = "credited"
    REPLAYED = "replayed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BillResult:
    """A bill's outcome and, if it was refused, the code."""

    bill: str
    outcome: BillOutcome
    code: str | None = None


async def credit(
    tx: AsyncConnection, catalogue: Catalogue, bills: Sequence[Bill], by: Caller
) -> list[BillResult]:
    """Credit bills to persons, each wholly and once; results in their order.

    Raises:
        Faulty: a fund that is none, a person twice in a bill's fund, or a bill twice.
        BookDateInFuture: a day that has not come.
    """
    _require_sound(catalogue, bills)
    closed = await account_store.closed_years(tx, {c.fund for b in bills for c in b.credits})
    known = await account_store.first_hashes(tx, bills)
    late = {
        bill.id
        for bill in bills
        if bill.id not in known
        and any((closed[c.fund] or 0) >= bill.credited_on.year for c in bill.credits)
    }
    fresh = [bill for bill in bills if bill.id not in late and bill.id not in known]
    claimed = await account_store.claim(tx, fresh, by.subject) if fresh else frozenset()
    mine = [bill for bill in fresh if bill.id in claimed]
    if mine:
        await account_store.insert(tx, mine)
    if len(mine) < len(fresh):  # credited by another request between the two statements
        known |= await account_store.first_hashes(tx, fresh)
    return [_result(bill, claimed, late, known) for bill in bills]


def _result(
    bill: Bill, claimed: frozenset[str], late: set[str], known: Mapping[str, bytes]
) -> BillResult:
    if bill.id in claimed:
        return BillResult(bill.id, BillOutcome.CREDITED)
    if bill.id in late:
        return BillResult(bill.id, BillOutcome.REFUSED, YearClosed.code)
    if known[bill.id] == bill.body_hash:
        return BillResult(bill.id, BillOutcome.REPLAYED)
    return BillResult(bill.id, BillOutcome.REFUSED, "BILL_DIFFERS")


def _require_sound(catalogue: Catalogue, bills: Sequence[Bill]) -> None:
    today = clock.today()
    faults: list[Fault] = []
    seen: set[str] = set()
    for i, bill in enumerate(bills):
        if bill.credited_on > today:
            raise BookDateInFuture(day=bill.credited_on.isoformat())
        if bill.id in seen:
            faults.append(Fault(f"/bills/{i}/bill", "BILL_TWICE", bill.id))
        seen.add(bill.id)
        people: set[tuple[int, str]] = set()
        for j, one in enumerate(bill.credits):
            if catalogue.fund(one.fund, bill.credited_on) is None:
                faults.append(Fault(f"/bills/{i}/credits/{j}/fund", "FUND_UNKNOWN", one.fund))
            if one[:2] in people:
                faults.append(Fault(f"/bills/{i}/credits/{j}/person", "PERSON_TWICE", one.fund))
            people.add(one[:2])
            if one.amount_fen < 0 and bill.kind is CreditKind.CONTRIBUTION and not bill.corrects:
                message = "只有更正才可为负 (only a correction takes back)"
                faults.append(Fault(f"/bills/{i}/credits/{j}/amount", "CORRECTS_MISSING", message))
            if one.amount_fen == 0:
                message = "金额不得为零 (not zero)"
                faults.append(Fault(f"/bills/{i}/credits/{j}/amount", "AMOUNT_ZERO", message))
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))


@dataclass(frozen=True, slots=True)
class InjectionResult:
    """Numbers of new and known injections; persons with another amount, or without a rule."""

    credited: int
    replayed: int
    differing: list[int]
    without_rule: list[int]


async def inject(
    tx: AsyncConnection, fund: str, period: Period, day: date, retirees: Sequence[Retiree]
) -> InjectionResult:
    """Credit retirees' injections of a month, by their age on its first day.

    Raises:
        BookDateInFuture, YearClosed: the day.
        NoInjectionRule: the fund has no rows that day.
    """
    if day > clock.today():
        raise BookDateInFuture(day=day.isoformat())
    closed = await account_store.closed_years(tx, {fund})
    if (closed[fund] or 0) >= day.year:
        raise YearClosed(fund=fund, year=closed[fund])
    rules = await account_store.injection_rules(tx, fund)
    if not rules:
        raise NoInjectionRule(fund=fund)
    credits, without = [], []
    holders = await holder_store.holders(tx, {one.person_id for one in retirees})
    people = {holders.get(one.person_id, one.person_id): one for one in retirees}
    for person_id, retiree in people.items():
        amount_fen = injection(rules, retiree, period.first_day)
        if amount_fen is None:
            without.append(person_id)
        else:
            credits.append(Credit(person_id, fund, amount_fen))
    credited, differing = await account_store.inject(tx, credits, str(period), day)
    return InjectionResult(credited, len(credits) - credited, differing, without)


async def transfer(
    tx: AsyncConnection, catalogue: Catalogue, paper: Bill, by: Caller
) -> BillOutcome:
    """Transfer or pay out one person's money, once a paper; a closed year's on the first open day.

    Raises:
        Faulty, BookDateInFuture: as `credit`.
        BalanceTooSmall: more than there is.
        StateConflict: the paper was used for something else.
    """
    _require_sound(catalogue, [paper])
    [(person_id, fund, amount_fen)] = paper.credits
    # Alone, so that two transfers out cannot both see the same money.
    closed = await account_store.closed_years(tx, {fund}, alone=True)
    known = await account_store.first_hashes(tx, [paper])
    if paper.id in known:
        if known[paper.id] != paper.body_hash:
            raise StateConflict(paper=paper.id)
        return BillOutcome.REPLAYED
    last_closed = closed[fund] or 0
    if last_closed >= paper.credited_on.year:
        open_day = date(last_closed + 1, 1, 1)
        paper = replace(paper, credited_on=open_day, stated_on=paper.credited_on)
    if paper.kind in TAKEN:
        holders = await holder_store.holders(tx, [person_id])
        records = await holder_store.records(tx, holders.get(person_id, person_id))
        balance_fen = await account_store.balance(tx, records, fund, paper.credited_on)
        if balance_fen + amount_fen < 0:
            raise BalanceTooSmall(fund=fund)
    await account_store.claim(tx, [paper], by.subject)
    await account_store.insert(tx, [paper])
    return BillOutcome.CREDITED


async def held(tx: AsyncConnection, person_ids: Sequence[int]) -> list[HeldBalance]:
    """Read what persons' accounts hold by fund, over all days; a merged one reads its survivor's.

    An inheritance is computed from it, so all of it is of one moment.
    """
    await report_store.freeze(tx)
    records = await holder_store.records_of_all(tx, person_ids)
    balances = await account_store.balances(tx, records)
    taken = await account_store.taken(tx, records)
    pensions = await account_store.pensions(tx, records)
    return [
        HeldBalance(
            person_id=person_id,
            fund=fund,
            balance_fen=balances.get((person_id, fund), 0),
            taken_fen=taken.get((person_id, fund), {}),
            pensions_fen=pensions.get((person_id, fund), 0),
        )
        for person_id, fund in sorted({*balances, *taken, *pensions})
    ]


async def close_year(tx: AsyncConnection, fund: str, year: int, by: Caller) -> YearRun:
    """Credit a year's interest to every person of a fund, exactly once; a repeat gets the totals.

    Raises:
        YearNotReady: the year is not over, an earlier one is open, or it has no rate.
    """
    closed = (await account_store.closed_years(tx, {fund}, alone=True))[fund]
    done = await year_store.run_of(tx, fund, year)
    if done is not None:
        return done
    expected = closed + 1 if closed else await year_store.first_open_year(tx, fund)
    rates = await year_store.rates(tx, fund, year)
    if year >= clock.today().year or year != expected or not rates:
        raise YearNotReady(fund=fund, next_year=expected, has_rate=bool(rates))
    return await year_store.close_year(tx, fund, year, rates[0].rate_ppm, by.subject)


async def add_rate(tx: AsyncConnection, catalogue: Catalogue, rate: Rate) -> Rate:
    """Record a year's rate, for somebody else to approve.

    Raises:
        Faulty: no such fund.
        YearClosed: interest at another rate has been credited already.
    """
    if catalogue.fund(rate.fund, date(rate.year, 12, 31)) is None:
        raise Faulty(faults=[Fault("/fund", "FUND_UNKNOWN", rate.fund)])
    await _require_open(tx, rate)
    await year_store.insert_rate(tx, rate)
    return rate


async def approve_rate(tx: AsyncConnection, id: UUID, by: Caller) -> Rate:
    """Put a recorded rate in force; a repeat by the same person gets the same answer.

    Raises:
        RateNotProposed: no such rate.
        SamePersonTwice: whoever recorded it may not approve it.
        StateConflict: somebody else has approved it.
        YearClosed: interest at another rate has been credited already.
    """
    found = await year_store.rate(tx, id)
    if found is None:
        raise RateNotProposed(rate=str(id))
    if same_person(found.recorded_by, by.subject):
        raise SamePersonTwice(person=by.subject, step="approved")
    if found.approved_by is not None:
        if found.approved_by == by.subject:
            return found
        raise StateConflict(approved_by=found.approved_by)
    await _require_open(tx, found)
    # Held alone now: another approval of this very rate has either ended or comes after.
    if (now := await year_store.rate(tx, id)) and now.approved_by is not None:
        raise StateConflict(approved_by=now.approved_by)
    await year_store.approve_rate(tx, found, by.subject)
    return replace(found, approved_by=by.subject)


async def rates(tx: AsyncConnection) -> tuple[list[Rate], list[Rate]]:
    """List the rates in force of all funds and years, and the rates that wait for approval."""
    return await year_store.rates(tx, None, None), await year_store.proposed_rates(tx, PROPOSED_MAX)


async def _require_open(tx: AsyncConnection, rate: Rate) -> None:
    closed = (await account_store.closed_years(tx, {rate.fund}, alone=True))[rate.fund]
    if (closed or 0) >= rate.year:
        raise YearClosed(fund=rate.fund, year=closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountYear:
    """One year of a person's account; `is_closed` when its interest is credited."""

    fund: str
    year: int
    opening_fen: int
    by_kind: Mapping[CreditKind, int]
    interest_fen: int
    is_closed: bool

    @property
    def closing_fen(self) -> int:
        """Compute the balance at the year's end, or the present one."""
        return self.opening_fen + sum(self.by_kind.values()) + self.interest_fen


async def statement(
    tx: AsyncConnection, person_id: int, first: int, last: int
) -> list[AccountYear]:
    """List a person's years by fund, from `first` to `last`; an open year shows what it has so far.

    Merged records count for the surviving one; a merged one has nothing any more.
    """
    records = await holder_store.records(tx, person_id)
    closed = {
        (row["fund"], row["year"]): row for row in await account_store.years(tx, records, 1, last)
    }
    kinds: dict[tuple[str, int], dict[CreditKind, int]] = {}
    for row in await account_store.sums_by_year(tx, records, last):
        mine = kinds.setdefault((row["fund"], row["year"]), {})
        mine[CreditKind(row["kind"])] = row["amount_fen"]
    found: list[AccountYear] = []
    carried: dict[str, int] = {}
    for fund, year in sorted(closed.keys() | kinds.keys()):
        ended = closed.get((fund, year))
        one = AccountYear(
            fund=fund,
            year=year,
            opening_fen=carried.get(fund, 0),
            by_kind=kinds.get((fund, year), {}),
            interest_fen=ended["interest_fen"] if ended else 0,
            is_closed=ended is not None,
        )
        assert ended is None or ended["closing_fen"] == one.closing_fen, "the year does not add up"
        carried[fund] = one.closing_fen
        if year >= first:
            found.append(one)
    return found


async def brought(tx: AsyncConnection, person_id: int) -> list[BroughtMonths]:
    """List the months that a person brought along from other cities."""
    return await account_store.brought(tx, await holder_store.records(tx, person_id))


async def survivor(tx: AsyncConnection, person_id: int) -> str | None:
    """Find the person in whose account a merged one ended; None for one that stands by itself."""
    return await holder_store.survivor(tx, person_id)


async def control(
    tx: AsyncConnection, cubes: CubeCache, catalogue: Catalogue, as_of: date
) -> list[FundControl]:
    """Compare the general ledger with personal accounts, for every fund up to a day."""
    credited = await year_store.totals(tx, CreditKind.CONTRIBUTION, as_of)
    pensions = await year_store.totals(tx, CreditKind.PENSION, as_of)
    cube = await cubes.cube()
    sums = {
        account: cube.sums(as_of, CubeFilter(book=Book.STATUTORY.value, account=account))
        for account in (Account.CONTRIBUTION_PERSONAL, BASIC_PENSION)
    }
    window = Window(to_day=as_of, known_at=cube.known_at)
    carried = await past_store.carry_over_seqs(tx)
    carries = await report_store.sums_of_vouchers(tx, carried, window) if carried else []

    def booked(account: str) -> dict[str, int]:
        own = [row for row in carries if row.account == account]
        return {row.fund: row.credit_fen - row.debit_fen for row in minus(sums[account], own)}

    received, paid = booked(Account.CONTRIBUTION_PERSONAL), booked(BASIC_PENSION)
    return [
        FundControl(
            fund=fund.code,
            ledger_fen=received.get(fund.code, 0),
            credited_fen=credited.get(fund.code, 0),
            pensions_fen=-pensions.get(fund.code, 0),
            pension_expense_fen=-paid.get(fund.code, 0),
        )
        for fund in catalogue.funds(as_of)
    ]


async def differing_totals(tx: AsyncConnection) -> int:
    """Add up every credit and count the totals of bills that differ from their credits."""
    return await year_store.totals_that_differ(tx)
