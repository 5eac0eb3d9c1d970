"""Filing payments of personal accounts, and listing what paid accounts still hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.account_payments.domain import (
    AccountRequest,
    PooledPart,
    claim_of,
    due_of,
    require_payable,
    withdrawal_of,
)
from services.payout.benefits.domain import BenefitKind
from services.payout.claims.domain.claim import Claim
from services.payout.claims.domain.draft import draft_faults
from services.payout.claims.flows import claim as claim_flow
from services.payout.claims.store import event as event_store
from services.payout.common.domain import (
    identity_number_faults,
    person_text,
    require_faultless,
    require_not_future,
)
from services.payout.common.flows import PersonKeys
from services.payout.draws import flows as draws_flow
from services.payout.draws.domain import NO_PENSION, DrawnPension
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.formulas.clients import BenefitRecords
from services.payout.formulas.domain.person import PENSION, PersonRecord
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.transfer import TRANSFER_POOLED
from services.payout.formulas.store import row as formula_row_store
from services.payout.persons import flows as persons_flow
from services.payout.persons import store as persons_store
from services.payout.withdrawals import store as withdrawals_store
from services.payout.withdrawals.clients import PersonalBalances
from services.payout.withdrawals.domain import EMPTY, AccountBalance, Withdrawal, due_fen
from shared.roles import Caller, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """The account in the ledger of a request's person, and the paid months of a pension transfer."""

    person_id: int
    balance: AccountBalance
    months: PersonRecord | None = None


async def ask(
    balances: PersonalBalances,
    records: BenefitRecords,
    request: AccountRequest,
    *,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> AccountFacts:
    """Ask for the account, and for the paid months of a pension transfer, before the transaction.

    A district's request also needs the record: it names the districts of the person. The centre may
    pay the account of a person whom collection does not know.

    Raises:
        Forbidden: another district's request, or a person who was never at one of its units.
        DateInFuture, Faulty: the day of filing, or the identity number.
        InsuredPersonUnknown, BenefitRecordUnavailable: see the clients.
    """
    caller.require_district(request.district)
    require_not_future(request.filed_on, today)
    number = request.identity_number
    require_faultless(identity_number_faults([("/identity_number", number)], today))
    person_id = keys.key(number)
    record = None
    if request.has_pooled_part or caller.level is Level.DISTRICT:
        record = await records.of(person_text(person_id), today)
        record.require_own(caller)
    found = await balances.of([person_id])
    balance = found.get((person_id, request.fund.value), EMPTY)
    months = record if request.has_pooled_part else None
    return AccountFacts(person_id=person_id, balance=balance, months=months)


async def file(
    tx: AsyncConnection,
    request: AccountRequest,
    facts: AccountFacts,
    row: BenefitKind,
    *,
    place: str,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> Claim:
    """Compute what is due by the facts, and file its claim; one of a person at a time.

    Raises:
        PensionDrawn: the person draws a pension, or one who died is not the request's reason.
        AccountPartUnknown: the account's part of the pension is not known.
        NothingDue: earlier claims take all there is.
        Faulty, EventClaimed: see `claim_flow.file_claim`.
    """
    person_id, fund = facts.person_id, request.fund.value
    # A meeting opens a pension from the account before this or after it, never during it.
    await entitlement_store.lock_pensions(tx, alone=False)
    await persons_store.lock_people(tx, alone=False)
    named = [("/identity_number", person_id)]
    await persons_flow.require_right_numbers(tx, named, keys)
    await event_store.lock_people(tx, [person_id])
    people = await persons_store.records(tx, person_id)
    pension = NO_PENSION
    if fund == PENSION:
        pension = (await draws_flow.drawn(tx, [person_id], today))[person_id]
        require_payable(request, pension)
    earlier = await withdrawals_store.of_people(tx, people, fund)
    pooled = await _pooled(tx, place, request.filed_on, facts.months)
    due = due_of(facts.balance, earlier, pooled, pension)
    draft = claim_of(request, due)
    asked_for = replace(row, documents=(*row.documents, *request.needs))
    require_faultless(draft_faults(draft, asked_for, today))
    claim = await claim_flow.file_claim(tx, draft, row, keys=keys, caller=caller, basis=due.basis)
    await withdrawals_store.insert(tx, withdrawal_of(request, due, person_id, claim.ref))
    return claim


async def _pooled(
    tx: AsyncConnection, place: str, day: date, record: PersonRecord | None
) -> PooledPart | None:
    if record is None:
        return None
    book = RowBook(await formula_row_store.in_force(tx, place), place)
    row = book.find(TRANSFER_POOLED.name, day)
    share, _ = TRANSFER_POOLED.parse(row.value)
    return PooledPart(
        whole_fen=share.pooled_fen(record), formula=share.formula(record), row=row.source
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """The balance of an account that was paid before; below zero, too much was paid."""

    last: Withdrawal
    left_fen: int


async def page(
    tx: AsyncConnection, *, district: str | None, after: tuple[int, UUID] | None, limit: int
) -> list[Withdrawal]:
    """Read the last withdrawal of every account that was paid, after one."""
    return await withdrawals_store.page(tx, district=district, after=after, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUse:
    """All withdrawals of the people of a page, under all of their records, and what their pensions
    draw.

    `owners` maps the records to the people; the rest is by person.
    """

    owners: dict[int, int]
    earlier: list[Withdrawal]
    pensions: dict[int, DrawnPension]


async def use(tx: AsyncConnection, page: Sequence[Withdrawal], today: date) -> AccountUse:
    """Read what payout knows of the accounts of a page."""
    survivors = await persons_store.survivors(tx, [one.person_id for one in page])
    people = sorted(set(survivors.values()))
    owners = await persons_store.owners(tx, people)
    return AccountUse(
        owners=owners,
        earlier=await withdrawals_store.of_people(tx, list(owners)),
        pensions=await draws_flow.drawn(tx, people, today),
    )


async def remainders(
    balances: PersonalBalances, page: Sequence[Withdrawal], used: AccountUse
) -> list[Remainder]:
    """Ask the ledger what the accounts of a page hold; those that hold nothing are left out.

    A withdrawal of a merged record is of the survivor's account, which is listed at its last one.

    Raises:
        BenefitRecordUnavailable: the ledger does not answer.
    """
    by_account: dict[tuple[int, str], list[Withdrawal]] = defaultdict(list)
    for one in used.earlier:
        by_account[used.owners[one.person_id], one.fund].append(one)
    found = await balances.of(sorted({used.owners[one.person_id] for one in page}))
    left = []
    for last in page:
        account = person_id, fund = used.owners[last.person_id], last.fund
        if last.claim.id != max(one.claim.id for one in by_account[account]):
            continue
        pension = used.pensions.get(person_id) if fund == PENSION else None
        drawn_fen = pension.drawn_fen if pension else 0
        left_fen = due_fen(found.get(account, EMPTY), by_account[account], drawn_fen)
        if left_fen:
            left.append(Remainder(last=last, left_fen=left_fen))
    return left
