"""Build the ASGI app of payout."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from services import VERSION
from services.payout.account_payments import routes as account_payments_doors
from services.payout.benefits import flows as benefits_flow
from services.payout.benefits import routes as benefits_doors
from services.payout.claims import routes as claims_doors
from services.payout.claims.flows import event as event_flow
from services.payout.common.clients import CollectionClient
from services.payout.common.evidence import STREAMS
from services.payout.common.flows import PersonKeys
from services.payout.common.personal import TABLES
from services.payout.delivery import delivery_to
from services.payout.draws.jobs import AccountDrawWorker
from services.payout.entitlements.routes import change as change_doors
from services.payout.entitlements.routes import end as end_doors
from services.payout.entitlements.routes import entitlement as entitlement_doors
from services.payout.entitlements.routes import rule as rule_doors
from services.payout.formulas.clients import BenefitRecords
from services.payout.formulas.routes import quote as benefit_quote_doors
from services.payout.formulas.routes import row as formula_row_doors
from services.payout.funding import routes as funding_doors
from services.payout.funding.clients import SpendingClient
from services.payout.life_proofs.routes import comparison as comparison_doors
from services.payout.life_proofs.routes import proof as life_proof_doors
from services.payout.mergers.clients import PersonCorrections
from services.payout.mergers.jobs import PersonCorrectionWorker
from services.payout.payments.clients import LedgerClient
from services.payout.payments.jobs import FundingWorker
from services.payout.payments.routes import bank_file as bank_file_doors
from services.payout.payments.routes import batch as batch_doors
from services.payout.payments.routes import closing_control as closing_control_doors
from services.payout.payments.routes import double as double_doors
from services.payout.payments.routes import failed as failed_doors
from services.payout.payments.routes import result as result_doors
from services.payout.qualifications.clients import RetirementRecords
from services.payout.qualifications.routes import meeting as meeting_doors
from services.payout.qualifications.routes import qualification as qualification_doors
from services.payout.qualifications.routes import recalculation as recalculation_doors
from services.payout.raises.routes import fact as fact_doors
from services.payout.raises.routes import pension_raise as pension_raise_doors
from services.payout.recoveries.clients import InspectionOrders
from services.payout.recoveries.jobs import InspectionOrderWorker
from services.payout.recoveries.routes import case as recovery_case_doors
from services.payout.recoveries.routes import plan as plan_doors
from services.payout.recoveries.routes import settle as settle_doors
from services.payout.recoveries.routes import total as recovered_doors
from services.payout.withdrawals.clients import PersonalBalances
from services.revisions import schema_state
from shared import book_days, clock
from shared.db import Database, revision
from shared.evidence.anchor import AnchorKeeper
from shared.evidence.writer import BlockWriter
from shared.fund import INSURANCE_NAMES
from shared.guard.rate_limit import read_limits
from shared.guard.signed import rules_of
from shared.outbox import Relay
from shared.process import collector, retention
from shared.process.log import logger
from shared.process.regions import districts_of
from shared.process.settings import Settings
from shared.process.settings import settings as process_settings
from shared.roles import Right
from shared.security import key_check
from shared.security.identity import Identity
from shared.security.sealing import ROWS_PER_STEP, Sealer, Step, seal_rows
from shared.signature import nonce
from shared.web.app import create_app
from shared.web.browsers import Browsers
from shared.web.client import Peer
from shared.web.door_router import DoorRouter
from shared.web.outbox_routes import outbox_router
from shared.web.readiness import disk_check, look_at_outbox
from shared.web.refused_routes import refused_router
from shared.web.trust_feed import trust_of
from shared.webhooks.courier import Courier
from shared.webhooks.event import EventType
from shared.webhooks.routes import events_router, webhooks_router

SERVICE: Final = "payout"
CLIENT_ID: Final = "payout_service"
EVENTS: Final = (EventType.PAYMENT_BATCH_READY,)
"""Types of events that payout tells."""

ROUTERS: Final[tuple[DoorRouter, ...]] = (
    benefits_doors.router,
    benefit_quote_doors.router,
    formula_row_doors.router,
    entitlement_doors.router,
    change_doors.router,
    end_doors.router,
    rule_doors.router,
    fact_doors.router,
    pension_raise_doors.router,
    qualification_doors.router,
    recalculation_doors.router,
    meeting_doors.router,
    recovery_case_doors.router,
    plan_doors.router,
    settle_doors.router,
    recovered_doors.router,
    life_proof_doors.router,
    comparison_doors.router,
    claims_doors.router,
    account_payments_doors.router,
    batch_doors.router,
    result_doors.router,
    bank_file_doors.router,
    double_doors.router,
    failed_doors.router,
    closing_control_doors.router,
    funding_doors.router,
    events_router(EVENTS, Right.READ_PAYOUT, Right.FETCH_PAYMENT_BATCH),
    webhooks_router(EVENTS),
    outbox_router(Right.READ_PAYOUT),
    refused_router(Right.READ_PAYOUT),
)


def build(settings: Settings | None = None) -> FastAPI:
    """Build the app; its lifespan opens the database, the peers and the background work."""
    chosen = settings or process_settings()
    clock.follow(chosen.sandbox_day_path)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            await _open(app, chosen, opened)
            if chosen.run_workers:
                collector.calm()  # payout runs in its own process
            work = (
                app.state.relay.run,
                app.state.funding.run,
                app.state.person_corrections.run,
                app.state.inspection_orders.run,
                app.state.account_draws.run,
                app.state.sealer.run,
                partial(book_days.keep_fresh, app.state.db, app.state.ledger_peer),
                BlockWriter(app.state.db, STREAMS).run,
                AnchorKeeper(app.state.db, chosen.anchor_file, chosen.anchor_url).run,
                partial(retention.keep_clean, app.state.db),
                partial(nonce.keep_clean, app.state.db),
                Courier.of(app.state.db, app.state.identity, chosen, app.state.trust).run,
            )
            tasks = [asyncio.create_task(run()) for run in (work if chosen.run_workers else ())]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def database() -> dict[str, str]:
        async with app.state.db.transaction() as tx:
            schema = schema_state(SERVICE, await revision(tx, SERVICE))
            ready = await key_check.readiness(tx, app.state.identity, schema)
        return {"database": "ok", "schema": schema} | ready

    async def outbox() -> dict[str, str]:
        return await look_at_outbox(app.state.db)

    app = create_app(
        service=SERVICE,
        title="五险待遇支付 · Payout",
        description="待遇资格、支付申请、三级审签、支付批次、银行回报 · "
        "Entitlements, claims, three signatures, payment batches, the bank's results.",
        version=VERSION,
        routers=ROUTERS,
        lifespan=lifespan,
        trust=trust_of(chosen, SERVICE),
        checks=[database, disk_check(chosen.home), outbox],
        body_limit_bytes=chosen.body_limit_bytes,
        access_log=chosen.access_log,
        rate_limits=read_limits(chosen.rate_limits_path),
        signatures=rules_of(chosen, SERVICE),
        browsers=Browsers.of(chosen, SERVICE),
    )
    return app


async def _funds(db: Database) -> frozenset[str] | None:
    """Return the funds that a list may be asked for; None while the database cannot say."""
    try:
        async with db.transaction() as tx:
            kinds = await benefits_flow.kinds(tx)
    except (OSError, DBAPIError) as error:
        # Not fatal: readiness reports it.
        logger().warning("the benefit kinds cannot be read yet", error=repr(error)[:300])
        return None
    return frozenset(INSURANCE_NAMES) | {kind.fund for kind in kinds}


def _sealing(keys: PersonKeys) -> list[Step]:
    """List the steps that seal what earlier releases stored readable."""
    tables = [partial(seal_rows, table=table, ciphers=keys.by_label) for table in TABLES]
    return [*tables, partial(event_flow.hide_papers, limit=ROWS_PER_STEP, keys=keys)]


async def _open(app: FastAPI, chosen: Settings, opened: AsyncExitStack) -> None:
    """Put what doors and workers need on the app's state; `opened` closes it again."""
    address = chosen.database_of(SERVICE)
    assert address is not None, "a service needs its database's address"
    db = Database(
        address,
        SERVICE,
        pool_size=chosen.pool_size,
        statement_timeout_ms=chosen.statement_timeout_ms,
        wait_seconds=chosen.database_wait_seconds,
    )
    opened.push_async_callback(db.close)
    identity = Identity.load(chosen.identity_path, chosen.field_keys_of(SERVICE))
    secret = identity.secret_of(CLIENT_ID)
    ledger_peer = await opened.enter_async_context(
        Peer(chosen.ledger_url, CLIENT_ID, secret, identity_url=chosen.identity_url)
    )
    # A clerk waits for this answer: try twice, then answer that collection is unavailable.
    collection_peer = await opened.enter_async_context(
        Peer(
            chosen.collection_url,
            CLIENT_ID,
            secret,
            identity_url=chosen.identity_url,
            attempts=2,
        )
    )
    app.state.db, app.state.identity, app.state.settings = db, identity, chosen
    districts = districts_of(chosen.region, chosen.regions_path)
    funds = await _funds(db)
    app.state.known_words = {"district": lambda: districts, "fund": lambda: funds}
    app.state.ledger_peer = ledger_peer
    app.state.person_keys = keys = PersonKeys.of(identity)
    app.state.collection = CollectionClient(collection_peer)
    app.state.benefit_records = records = BenefitRecords(collection_peer, ledger_peer)
    app.state.retirement_records = RetirementRecords(records, collection_peer, keys)
    app.state.personal_balances = PersonalBalances(ledger_peer)
    app.state.spending = SpendingClient(ledger_peer)
    app.state.person_corrections = PersonCorrectionWorker(
        db, PersonCorrections(collection_peer, keys), keys
    )
    app.state.inspection_orders = InspectionOrderWorker(db, InspectionOrders(collection_peer), keys)
    app.state.account_draws = AccountDrawWorker(db, keys)
    app.state.sealer = Sealer(db, _sealing(keys))
    ledger = LedgerClient(ledger_peer)
    refresh = partial(book_days.refresh, db, ledger_peer)
    app.state.relay = Relay(db, delivery_to(ledger), refresh)
    app.state.funding = FundingWorker(db, ledger)
