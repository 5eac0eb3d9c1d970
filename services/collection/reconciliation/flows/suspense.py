"""Money in suspense: its ageing, its owners, and proposals of whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import NothingSuspended
from services.collection.allocation.flows import policies_of
from services.collection.allocation.store import receipt as receipt_store
from services.collection.allocation.store.receipt import ReceiptRow
from services.collection.receipts.flows import receipt as receipt_flow
from services.collection.reconciliation.domain import proposal as proposal_rules
from services.collection.reconciliation.domain.proposal import OpenBill, ProposalGround
from services.collection.reconciliation.domain.statement import account_key
from services.collection.reconciliation.store import suspense as suspense_store
from services.collection.reconciliation.store.suspense import AgeSum, SuspendedReceipt
from shared import trail
from shared.clock import today
from shared.ids import Ref, unit_key
from shared.roles import CENTRE, Caller

LIMITS: Final = (30, 90, 180, 365)
"""Last days of the buckets of age; the last bucket has no end."""
PROPOSALS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class AgeBucket:
    """Days of age from … to (inclusive); the last bucket has no end."""

    first: int
    last: int | None

    @property
    def name(self) -> str:
        """Its name in reports."""
        return f"{self.first}+" if self.last is None else f"{self.first}-{self.last}"


BUCKETS: Final = tuple(
    AgeBucket(first, last)
    for first, last in zip((0, *(limit + 1 for limit in LIMITS)), (*LIMITS, None), strict=True)
)


async def ageing(tx: AsyncConnection, as_of: date, district: str | None) -> list[AgeSum]:
    """Add up what is in suspense now, by its age on a day, by district and bucket."""
    return await suspense_store.ageing(tx, as_of, LIMITS, district)


async def page(
    tx: AsyncConnection,
    *,
    as_of: date,
    bucket: AgeBucket | None,
    owner: str | None,
    district: str | None,
    after: UUID | None,
    limit: int,
) -> list[SuspendedReceipt]:
    """Read the receipts in suspense, of one bucket or all."""
    last = as_of - timedelta(days=bucket.first) if bucket else as_of
    first = as_of - timedelta(days=bucket.last) if bucket and bucket.last is not None else None
    read = partial(suspense_store.page, tx, as_of=as_of, first=first, last=last)
    return await read(owner=owner, district=district, after=after, limit=limit)


async def assign(tx: AsyncConnection, ref: Ref, owner: str, caller: Caller) -> ReceiptRow:
    """Give a receipt in suspense to a person.

    Raises:
        ReceiptUnknown, NothingSuspended, Forbidden: it cannot be assigned.
    """
    caller.require_district(CENTRE)
    receipt = await receipt_flow.find(tx, ref, caller)
    if not receipt.suspended_fen:
        raise NothingSuspended
    await suspense_store.assign(tx, ref, owner, caller.subject)
    step = trail.Step(
        shard_key=ref.key,
        paper="receipt",
        paper_id=ref.id,
        step="assigned",
        signs=False,
        detail={"owner": owner},
    )
    await trail.record(tx, step, caller)
    return receipt


async def proposals(
    tx: AsyncConnection, ref: Ref, *, region: str, caller: Caller
) -> list[OpenBill]:
    """Propose open bills that a receipt in suspense may pay, the surest ground first.

    Raises:
        ReceiptUnknown, NothingSuspended, Forbidden: there is nothing to propose for.
    """
    receipt = await receipt_flow.find(tx, ref, caller)
    if not receipt.suspended_fen:
        raise NothingSuspended
    policies = await policies_of(tx, region)
    account = policies.account(receipt.channel, receipt.book_date)
    lines = await suspense_store.lines_of(tx, account_key(account), receipt.serial, receipt.paid_on)
    texts = [text for line in lines for text in line.texts]
    marks = [line.counter_mark for line in lines if line.counter_mark is not None]
    read = partial(suspense_store.open_bills, tx, limit=PROPOSALS_MAX)
    found: list[OpenBill] = []
    for bill in proposal_rules.bills_in(texts)[:PROPOSALS_MAX]:
        condition = "unit_id = :unit_id AND id = :id"
        values = {"unit_id": bill.key, "id": bill.id}
        found += await read(ProposalGround.BILL, condition, values)
    for code in [*proposal_rules.codes_in(texts)][:PROPOSALS_MAX]:
        values = {"unit_id": unit_key(code), "code": code}
        found += await read(
            ProposalGround.CREDIT_CODE, "unit_id = :unit_id AND credit_code = :code", values
        )
    for mark in marks[:PROPOSALS_MAX]:
        for unit_id in await suspense_store.units_of_account(tx, mark):
            found += await read(
                ProposalGround.PAYER_ACCOUNT, "unit_id = :unit_id", {"unit_id": unit_id}
            )
    found += await _by_amount(tx, receipt)
    return list(proposal_rules.ranked(found, receipt.suspended_fen))[:PROPOSALS_MAX]


async def _by_amount(tx: AsyncConnection, receipt: ReceiptRow) -> list[OpenBill]:
    """Find open bills of the named unit, else those of the same period and amount."""
    read = partial(suspense_store.open_bills, tx, limit=PROPOSALS_MAX)
    same = "total_fen - settled_fen = :fen"
    values = {"fen": receipt.suspended_fen}
    payers = await receipt_store.payers(tx, [receipt.credit_code])
    if payer := payers.get(receipt.credit_code):
        of_unit = values | {"unit_id": payer.unit_id}
        return await read(ProposalGround.UNIT_AMOUNT, f"unit_id = :unit_id AND {same}", of_unit)
    of_period = values | {"period": receipt.period}
    return await read(ProposalGround.AMOUNT, f"period = :period AND {same}", of_period)


def day_or_today(as_of: date | None) -> date:
    """Return a day, today by default."""
    return as_of or today()
