"""Budgets by two people, and reading them beside what has been funded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.rules.domain.chart import Catalogue
from services.ledger.settlement.domain.budget import Budget, BudgetPaper
from services.ledger.settlement.domain.settlement import is_spent_on
from services.ledger.settlement.store import basis as basis_store
from services.ledger.settlement.store import budget as budget_store
from shared import clock
from shared.db import raw
from shared.errors import Fault, Faulty, NotFound, SamePersonTwice, StateConflict
from shared.roles import Caller
from shared.security.person_name import same_person


async def record(tx: AsyncConnection, catalogue: Catalogue, rows: Sequence[Budget]) -> BudgetPaper:
    """Record a paper's rows for another person to approve. Nothing is limited by them yet.

    Raises:
        Faulty: no such fund or expense account, or the same row twice.
    """
    on = clock.today()
    faults: list[Fault] = []
    seen: set[tuple[str, str, int]] = set()
    for i, row in enumerate(rows):
        account = catalogue.account(row.account, on)
        name = (row.fund, row.account, row.year)
        if catalogue.fund(row.fund, on) is None:
            faults.append(Fault(f"/rows/{i}/fund", "FUND_UNKNOWN", row.fund))
        if account is None or not account.postable or not is_spent_on(account):
            faults.append(Fault(f"/rows/{i}/account", "ACCOUNT_NOT_AN_EXPENSE", row.account))
        elif account.funds and row.fund not in account.funds:
            faults.append(Fault(f"/rows/{i}/account", "ACCOUNT_NOT_IN_FUND", row.account))
        if name in seen:
            faults.append(Fault(f"/rows/{i}", "ROW_TWICE", row.account))
        seen.add(name)
    if faults:
        raise Faulty(faults=faults)
    await budget_store.insert(tx, rows)
    one = rows[0]
    return BudgetPaper(
        id=one.paper,
        source=one.source,
        recorded_by=one.recorded_by,
        approved_by=None,
        rows=tuple(rows),
    )


async def approve(tx: AsyncConnection, id: UUID, by: Caller) -> BudgetPaper:
    """Put a paper in force: each row replaces the earlier one of its fund, account and year.

    A repeat by the same person gets the same answer.

    Raises:
        NotFound: no such paper.
        SamePersonTwice: whoever recorded it may not approve it.
        StateConflict: somebody else has approved it.
    """
    found = await budget_store.paper(tx, id)
    if found is None:
        raise NotFound(budget=str(id))
    if same_person(found.recorded_by, by.subject):
        raise SamePersonTwice(person=by.subject, step="approved")
    if found.approved_by is not None:
        if found.approved_by == by.subject:
            return found
        raise StateConflict(approved_by=found.approved_by)
    try:
        await budget_store.approve(tx, found, by.subject)
    except IntegrityError as error:  # somebody else did so at the same moment
        raise StateConflict(budget=str(id)) from error
    return replace(found, approved_by=by.subject)


@dataclass(frozen=True, slots=True)
class YearBudget:
    """The budget rows in force and proposed of a year, and (fund, account) → fen funded."""

    rows: Sequence[Budget]
    proposed: Sequence[Budget]
    funded: Mapping[tuple[str, str], int]


async def of_year(tx: AsyncConnection, year: int) -> YearBudget:
    """Read the budget of a year beside what has been funded from it."""
    return YearBudget(
        await budget_store.of_year(tx, year),
        await budget_store.proposed(tx, year),
        await basis_store.funded(await raw(tx), year),
    )
