"""Background work of collection: deliver the outbox, credit persons, issue bills, run operations.

A new kind of work is a function `async def work(background: Background) -> None` that runs until it
is cancelled, added to `TASKS`. It may be killed at any point, so repeating it must be safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.collection.billing import jobs as billing_job
from services.collection.billing.flows import bill as billing_bill_flow
from services.collection.common.evidence import STREAMS
from services.collection.common.store import account as account_store
from services.collection.delivery import Ledger, stands_alone
from services.collection.filing.jobs import default as default_job
from services.collection.filing.jobs import file as file_job
from services.collection.filing.jobs import roll as roll_job
from services.collection.handling.store import summary as summary_store
from services.collection.handling.store.summary import SummaryRow
from services.collection.mode import flows as mode_flow
from services.collection.operation.jobs import run as run_job
from services.collection.operation.jobs.tools import Tools
from services.collection.personal.clients import PersonalAccounts
from services.collection.personal.jobs import PersonalCreditJob
from services.collection.quality import jobs as quality_job
from services.collection.reallocation import jobs as reallocation_job
from services.collection.reconciliation.clients import Books
from services.collection.reconciliation.jobs import ReconciliationJob
from services.collection.refund.clients import RefundOrders
from services.collection.refund.jobs import RefundJob
from services.collection.tax.jobs import comparison as comparison_job
from services.collection.tax.jobs import push_file as push_file_job
from shared import book_days
from shared.db import Database
from shared.evidence.anchor import AnchorKeeper
from shared.evidence.writer import BlockWriter
from shared.outbox import Relay
from shared.process import retention
from shared.process.background import keep_looking
from shared.process.lanes import work_off
from shared.process.log import logger
from shared.process.settings import Settings
from shared.security.identity import Identity
from shared.security.personal_data import AccountCipher
from shared.security.sealing import Sealer
from shared.security.trust import Trust
from shared.signature import nonce
from shared.web.client import Peer
from shared.webhooks.courier import Courier

CLIENT_ID = "collection_service"
IDLE_SECONDS = 0.2
SUMMARIES_AT_ONCE = 2
"""Summaries that are billed at the same time: one is worked out while another is written."""
CREDIT_IDLE_SECONDS = 0.5
"""Pause between searches for settled bills; personal credits are less urgent than vouchers."""
CUT_OVER_IDLE_SECONDS = 1.0
"""Pause between looks for bills that change hands."""
REFUND_IDLE_SECONDS = 1.0
"""Pause between questions to the ledger for settled refunds."""
DUE_DAY_IDLE_SECONDS = 5.0
"""Pause between looks for due days that can be settled."""
RECONCILIATION_IDLE_SECONDS = 2.0
"""Pause between looks at the feed of the books."""


OPERATIONS: run_job.Kinds = {
    file_job.KIND: file_job.prepare,
    roll_job.KIND: roll_job.prepare,
    default_job.KIND: default_job.prepare,
    quality_job.KIND: quality_job.prepare,
    push_file_job.KIND: push_file_job.prepare,
    comparison_job.KIND: comparison_job.prepare,
}
"""The kinds of operations that this worker runs."""


@dataclass(frozen=True, slots=True)
class Background:
    """The resources of background work."""

    db: Database
    identity: Identity
    settings: Settings
    trust: Trust

    async def look(self, work: Callable[[], Awaitable[int]], seconds: float, failed: str) -> None:
        """Look for such work for ever, at the earliest so many seconds after none was found."""
        await keep_looking(work, self.db.bell, seconds=seconds, failed=failed)


def _ledger(background: Background, attempts: int = 4) -> Peer:
    return Peer(
        background.settings.ledger_url,
        CLIENT_ID,
        background.identity.secret_of(CLIENT_ID),
        identity_url=background.settings.identity_url,
        attempts=attempts,
    )


async def deliver_outbox(background: Background) -> None:
    """Deliver vouchers to the ledger, until cancelled."""
    async with _ledger(background) as peer:
        refresh = partial(book_days.refresh, background.db, peer)
        await Relay(background.db, Ledger(peer).deliver, refresh, stands_alone).run()


async def refresh_book_days(background: Background) -> None:
    """Keep this service's copy of the ledger's days fresh, until cancelled."""
    async with _ledger(background, attempts=1) as peer:
        await book_days.keep_fresh(background.db, peer)


async def credit_persons(background: Background) -> None:
    """Send the ledger the personal credits of settled bills, until cancelled."""
    async with _ledger(background) as peer:
        job = PersonalCreditJob(background.db, PersonalAccounts(peer))
        await background.look(job.step, CREDIT_IDLE_SECONDS, "persons cannot be credited")


async def follow_refunds(background: Background) -> None:
    """Mark refunds as paid once the ledger has settled them, until cancelled."""
    async with _ledger(background) as peer:
        job = RefundJob(background.db, RefundOrders(peer))
        await background.look(job.step, REFUND_IDLE_SECONDS, "refunds cannot be followed")


async def reconcile_accounts(background: Background) -> None:
    """Follow the books and match the accounts that statements are expected of, until cancelled."""
    async with _ledger(background) as peer:
        job = ReconciliationJob(background.db, Books(peer), background.settings.region)
        await background.look(job.step, RECONCILIATION_IDLE_SECONDS, "accounts not reconciled")


async def bind_evidence(background: Background) -> None:
    """Bind new rows of the evidence in blocks, until cancelled."""
    await BlockWriter(background.db, STREAMS).run()


async def keep_anchors(background: Background) -> None:
    """Keep the head of the chain of evidence outside, until cancelled."""
    chosen = background.settings
    await AnchorKeeper(background.db, chosen.anchor_file, chosen.anchor_url).run()


async def seal_accounts(background: Background) -> None:
    """Seal the accounts that earlier releases stored readable, until cancelled."""
    await sealer(background.db, background.identity).run()


def sealer(db: Database, identity: Identity) -> Sealer:
    """Build the work that seals accounts."""
    accounts = AccountCipher(identity.field_keys)
    return Sealer(
        db,
        [
            partial(account_store.seal_accounts, table=table, accounts=accounts)
            for table in account_store.ACCOUNT_TABLES
        ],
    )


async def issue_bills(background: Background) -> None:
    """Issue bills for audited summaries, until cancelled."""
    issue = partial(issue_waiting_bills, background.db)
    await background.look(issue, IDLE_SECONDS, "bills not issued")


async def settle_due_days(background: Background) -> None:
    """Settle due days that were provisional, until cancelled."""
    settle = partial(billing_job.settle_due_days, background.db)
    await background.look(settle, DUE_DAY_IDLE_SECONDS, "due days cannot be settled")


async def reallocate_accounts(background: Background) -> None:
    """Look again at accounts that may have changed, until it is cancelled."""
    run_due = partial(reallocation_job.run_due, background.db, background.settings.region)
    await background.look(run_due, IDLE_SECONDS, "due accounts cannot be read")


async def cut_over(background: Background) -> None:
    """Let open bills change hands where the tax bureau collects, until cancelled."""
    move = partial(mode_flow.cut_over, region=background.settings.region)
    move_some = partial(background.db.run, move)
    await background.look(move_some, CUT_OVER_IDLE_SECONDS, "bills cannot change hands")


async def run_operations(background: Background) -> None:
    """Run waiting operations, until cancelled."""
    tools = Tools(background.db, background.identity, background.settings)
    run_waiting = partial(run_job.run_waiting, tools, OPERATIONS)
    await background.look(run_waiting, IDLE_SECONDS, "operations cannot be read")


async def issue_waiting_bills(db: Database) -> int:
    """Issue the bills of every audited summary, one chunk per transaction; return how many.

    A failure is logged and tried again next time; it does not block other summaries.
    """

    async def waiting() -> list[SummaryRow]:
        async with db.transaction() as tx:
            return await summary_store.to_bill(tx)

    try:
        return await work_off(waiting, partial(_issue_all, db), SUMMARIES_AT_ONCE)
    except Exception as error:
        logger().warning("billing cannot read, will retry", error=str(error)[:300])
        return 0


async def _issue_all(db: Database, summary: SummaryRow) -> int:
    issued = 0
    try:
        while made := await db.run(partial(billing_bill_flow.issue_chunk, summary=summary)):
            issued += made
        await db.run(partial(billing_bill_flow.close, summary=summary))
    except Exception as error:
        logger().error("billing failed, will retry", summary=str(summary.id), exc_info=error)
    return issued


async def keep_clean(background: Background) -> None:
    """Delete stored answers and delivered messages whose time is over, until cancelled."""
    await retention.keep_clean(background.db)


async def deliver_events(background: Background) -> None:
    """Number events and deliver them to registered addresses, until cancelled."""
    courier = Courier.of(background.db, background.identity, background.settings, background.trust)
    await courier.run()


async def forget_nonces(background: Background) -> None:
    """Delete nonces of signatures that are too old to pass, until cancelled."""
    await nonce.keep_clean(background.db)


TASKS: tuple[Callable[[Background], Coroutine[Any, Any, None]], ...] = (
    deliver_outbox,
    refresh_book_days,
    credit_persons,
    follow_refunds,
    reconcile_accounts,
    issue_bills,
    settle_due_days,
    reallocate_accounts,
    cut_over,
    run_operations,
    bind_evidence,
    keep_anchors,
    keep_clean,
    forget_nonces,
    deliver_events,
    seal_accounts,
)


def start(background: Background) -> list[asyncio.Task[None]]:
    """Start all background work; whoever starts it cancels it."""
    return [
        asyncio.create_task(task(background), name=getattr(task, "__name__", "task"))
        for task in TASKS
    ]
