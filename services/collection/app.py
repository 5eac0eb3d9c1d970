"""Build the ASGI app of collection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from services import VERSION
from services.collection import worker
from services.collection.arrears.routes import agreement, arrears, dunning, waiver
from services.collection.bases import routes as base_review
from services.collection.billing.routes import bill, credit
from services.collection.billing.routes import refund as credit_refund
from services.collection.common.store import shipped
from services.collection.explanation import routes as bill_explanation
from services.collection.filing.routes import (
    correction,
    declaration,
)
from services.collection.filing.routes import (
    default as filing_default,
)
from services.collection.filing.routes import (
    file as declaration_file,
)
from services.collection.filing.routes import (
    roll as filing_roll,
)
from services.collection.handling.routes import district_steps, inbox, summary
from services.collection.levy import routes as quote
from services.collection.notice.routes import certificate, notice
from services.collection.operation import routes as operation
from services.collection.oversight.routes import closing_control, total, trail
from services.collection.personal import routes as personal_credit
from services.collection.policy.routes import in_force as policy_in_force
from services.collection.policy.routes import policy, region
from services.collection.project import routes as project
from services.collection.quality.routes import quality
from services.collection.quality.routes import report as quality_report
from services.collection.receipts.routes import debit, receipt, tax_push
from services.collection.register.routes import (
    category,
    unit,
)
from services.collection.register.routes import (
    change as register_change,
)
from services.collection.register.routes import (
    file_import as register_import,
)
from services.revisions import standing
from shared import collector
from shared.db import Database, revision
from shared.identity import Identity
from shared.outbox_routes import outbox_router
from shared.roles import Right
from shared.settings import Settings
from shared.settings import settings as process_settings
from shared.web import create_app

SERVICE = "collection"

ROUTERS: tuple[APIRouter, ...] = (
    region.router,
    # Before the door of one version, whose path would take "in-force" for an id.
    policy_in_force.router,
    policy.router,
    unit.router,
    category.router,
    register_change.router,
    register_import.router,
    quote.router,
    declaration.router,
    correction.router,
    declaration_file.router,
    district_steps.router,
    filing_default.router,
    filing_roll.router,
    operation.router,
    inbox.router,
    summary.router,
    trail.router,
    bill.router,
    bill_explanation.router,
    credit.router,
    credit_refund.router,
    base_review.router,
    tax_push.router,
    receipt.router,
    debit.router,
    total.router,
    arrears.router,
    agreement.router,
    dunning.router,
    certificate.router,
    waiver.router,
    project.router,
    notice.router,
    quality.router,
    quality_report.router,
    personal_credit.router,
    closing_control.router,
    outbox_router(Right.READ_COLLECTION),
)


def build(settings: Settings | None = None) -> FastAPI:
    """The app, with its database and background work opened by the lifespan."""
    chosen = settings or process_settings()
    shipped.use_regions(chosen.regions_path)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        assert chosen.database_url is not None, "a service is given its database's address"
        db = Database(
            chosen.database_url,
            SERVICE,
            pool_size=chosen.pool_size,
            statement_timeout_ms=chosen.statement_timeout_ms,
        )
        app.state.db, app.state.identity = db, Identity.load(chosen.identity_path)
        app.state.settings = chosen
        background = worker.Background(db, app.state.identity, chosen)
        if chosen.run_workers:
            collector.calm()  # a process of collection's own
        tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(task(background), name=getattr(task, "__name__", "task"))
            for task in (worker.TASKS if chosen.run_workers else ())
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await db.close()

    async def database() -> dict[str, str]:
        async with app.state.db.transaction() as tx:
            found = await revision(tx, SERVICE)
        return {"database": "ok", "schema": standing(SERVICE, found)}

    app = create_app(
        service=SERVICE,
        title="五险征缴 · Collection",
        description="登记、政策、申报、缴费通知单、到账与分账 · "
        "Registration, policy, declarations, bills, receipts and their allocation.",
        version=VERSION,
        routers=ROUTERS,
        lifespan=lifespan,
        checks=[database],
        body_limit_bytes=chosen.body_limit_bytes,
    )
    return app
