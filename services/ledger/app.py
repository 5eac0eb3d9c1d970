"""Build the ASGI app of the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError
from starlette.middleware import Middleware

from services import VERSION
from services.ledger.chain import routes as chain_doors
from services.ledger.closing import routes as closing_doors
from services.ledger.draws import routes as draws_doors
from services.ledger.injections import routes as injections_doors
from services.ledger.mergers import routes as merger_doors
from services.ledger.personal import routes as personal_doors
from services.ledger.posting.flows.books import Books
from services.ledger.posting.flows.feed_watch import FeedWatch
from services.ledger.posting.routes import book_days as book_days_doors
from services.ledger.posting.routes import event as event_doors
from services.ledger.posting.routes import hold as hold_doors
from services.ledger.posting.routes import stream as stream_doors
from services.ledger.posting.routes import voucher as voucher_doors
from services.ledger.posting.routes.fast_path import FastPath
from services.ledger.reports.flows.cube import CubeCache
from services.ledger.reports.routes import account as account_doors
from services.ledger.reports.routes import agreement as agreement_doors
from services.ledger.reports.routes import balance as balance_doors
from services.ledger.reports.routes import dashboard as dashboard_doors
from services.ledger.reports.routes import report as report_doors
from services.ledger.reports.routes import transit as transit_doors
from services.ledger.reversals import routes as reversals_doors
from services.ledger.rules import routes as rules_doors
from services.ledger.settlement.flows import transfer_in as transfer_in_flow
from services.ledger.settlement.routes import budget as budget_doors
from services.ledger.settlement.routes import refund_order as refund_order_doors
from services.ledger.settlement.routes import settlement as settlement_doors
from services.ledger.settlement.routes import spending as spending_doors
from services.ledger.worker import WORK
from services.revisions import schema_state
from shared import clock
from shared.db import Database, revision
from shared.guard.rate_limit import read_limits
from shared.process import backup_age, collector
from shared.process.log import logger
from shared.process.regions import districts_of
from shared.process.settings import Settings
from shared.process.settings import settings as process_settings
from shared.security import key_check
from shared.security.identity import Identity
from shared.web.app import create_app
from shared.web.browsers import Browsers
from shared.web.readiness import WARNING, disk_check
from shared.web.trust_feed import trust_of
from shared.webhooks.courier import Courier
from shared.webhooks.event import EventType
from shared.webhooks.routes import webhooks_router

SERVICE = "ledger"
EVENTS = (EventType.PERIOD_CLOSED,)
"""Types of events that the ledger tells; vouchers have a feed of their own."""
ROUTERS = (
    voucher_doors.router,
    reversals_doors.router,
    stream_doors.router,
    account_doors.router,
    balance_doors.router,
    settlement_doors.router,
    spending_doors.router,
    refund_order_doors.router,
    hold_doors.router,
    chain_doors.router,
    closing_doors.router,
    report_doors.router,
    agreement_doors.router,
    dashboard_doors.router,
    event_doors.router,
    book_days_doors.router,
    budget_doors.router,
    transit_doors.router,
    personal_doors.router,
    draws_doors.router,
    injections_doors.router,
    merger_doors.router,
    rules_doors.router,
    webhooks_router(EVENTS),
)


def build(settings: Settings | None = None) -> FastAPI:
    """Build the app; its lifespan opens the database and the writers."""
    chosen = settings or process_settings()
    clock.follow(chosen.sandbox_day_path)

    async def database() -> dict[str, str]:
        async with app.state.db.transaction() as tx:
            schema = schema_state(SERVICE, await revision(tx, SERVICE))
            ready = await key_check.readiness(tx, app.state.identity, schema)
        return {"database": "ok", "schema": schema} | ready

    async def backups() -> dict[str, str]:
        said = await asyncio.to_thread(
            backup_age.warnings, chosen.backup_sites, chosen.backup_max_age_hours
        )
        return {name: f"{WARNING}{sentence}" for name, sentence in said.items()}

    async def books() -> dict[str, str]:
        await app.state.books.open()
        return {"books": "ok"}

    app = create_app(
        service=SERVICE,
        title="五险基金账 · Ledger",
        description="基金分账核算:记账凭证、余额、结算、预留 · "
        "Vouchers, balances, settlements and holds of every fund.",
        version=VERSION,
        routers=ROUTERS,
        lifespan=lambda app: _lifespan(app, chosen),
        trust=trust_of(chosen, SERVICE),
        checks=[database, books, disk_check(chosen.home), backups],
        body_limit_bytes=chosen.body_limit_bytes,
        access_log=chosen.access_log,
        rate_limits=read_limits(chosen.rate_limits_path),
        browsers=Browsers.of(chosen, SERVICE),
    )
    app.user_middleware.append(Middleware(FastPath))  # innermost: right before the routes
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, chosen: Settings) -> AsyncIterator[None]:
    address = chosen.database_of(SERVICE)
    assert address is not None, "no database address: WUXIAN_DATABASE_URL is not set"
    db = Database(
        address,
        SERVICE,
        pool_size=chosen.pool_size,
        statement_timeout_ms=chosen.statement_timeout_ms,
        wait_seconds=chosen.database_wait_seconds,
    )
    books = Books(
        db,
        slots=chosen.ledger_slots,
        queue_limit=chosen.queue_limit,
        algorithm=chosen.ledger_hash,
        answer_seconds=chosen.answer_seconds,
    )
    books.undo_transfer = transfer_in_flow.take_back
    app.state.identity = Identity.load(chosen.identity_path, chosen.field_keys_of(SERVICE))
    app.state.db, app.state.settings = db, chosen
    app.state.books = books
    app.state.feed_watch = FeedWatch(db)
    app.state.refresh_rules = books.refresh
    app.state.cubes = CubeCache(db)
    app.state.region = chosen.region
    districts = districts_of(chosen.region, chosen.regions_path)
    app.state.known_words = {
        "district": lambda: districts,
        "fund": lambda: books.catalogue.fund_codes if books.is_open else None,
        "account": lambda: books.catalogue.account_keys if books.is_open else None,
    }
    try:
        await books.open()
    except (OSError, DBAPIError) as error:
        # Not fatal: readiness reports it, and the first request with a database opens the books.
        logger().warning("the books are not open yet", error=repr(error)[:300])
    if chosen.run_workers:
        collector.calm()  # the ledger has this process to itself
    tasks = [asyncio.create_task(work(books)) for work in WORK if chosen.run_workers]
    if chosen.run_workers:
        tasks.append(asyncio.create_task(backup_age.watch(chosen.backup_sites)))
        courier = Courier.of(db, app.state.identity, chosen, app.state.trust)
        tasks.append(asyncio.create_task(courier.run()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await books.close()
        app.state.cubes.close()
        await db.close()
