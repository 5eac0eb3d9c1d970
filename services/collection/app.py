"""The ASGI app of collection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services import VERSION
from services.collection import worker
from services.collection.arrears.routes import agreement as agreement_doors
from services.collection.arrears.routes import arrears as arrears_doors
from services.collection.arrears.routes import dunning as dunning_doors
from services.collection.arrears.routes import paid_year as paid_year_doors
from services.collection.arrears.routes import retirement as retirement_doors
from services.collection.arrears.routes import waiver as waiver_doors
from services.collection.bases import routes as bases_doors
from services.collection.billing.routes import bill as bill_doors
from services.collection.billing.routes import credit as credit_doors
from services.collection.city import routes as city_doors
from services.collection.common.store import shipped as common_shipped_store
from services.collection.contributions import routes as contributions_doors
from services.collection.debits.routes import bank_file as bank_file_doors
from services.collection.debits.routes import bank_profile as bank_profile_doors
from services.collection.debits.routes import debit as debit_doors
from services.collection.debits.routes import debit_agreement as debit_agreement_doors
from services.collection.debits.routes import debit_reason as debit_reason_doors
from services.collection.debits.routes import retry_rule as retry_rule_doors
from services.collection.debits.routes import success as success_doors
from services.collection.explanation.routes import bill as explanation_bill_doors
from services.collection.explanation.routes import declaration as explanation_declaration_doors
from services.collection.extension import routes as extension_doors
from services.collection.filing.routes import correction as correction_doors
from services.collection.filing.routes import declaration as filing_declaration_doors
from services.collection.filing.routes import default as default_doors
from services.collection.filing.routes import file as file_doors
from services.collection.filing.routes import roll as roll_doors
from services.collection.flags import routes as flags_doors
from services.collection.handling.routes import cut_off as cut_off_doors
from services.collection.handling.routes import declaration as handling_declaration_doors
from services.collection.handling.routes import district_steps as district_steps_doors
from services.collection.handling.routes import inbox as inbox_doors
from services.collection.handling.routes import summary as summary_doors
from services.collection.inspections.routes import case as inspection_doors
from services.collection.inspections.routes import collection as inspection_collection_doors
from services.collection.inspections.routes import recovery as inspection_recovery_doors
from services.collection.levy import routes as levy_doors
from services.collection.mode import routes as mode_doors
from services.collection.notice.routes import certificate as certificate_doors
from services.collection.notice.routes import notice as notice_doors
from services.collection.operation import routes as operation_doors
from services.collection.oversight.routes import closing_control as closing_control_doors
from services.collection.oversight.routes import receipt_part as receipt_part_doors
from services.collection.oversight.routes import total as total_doors
from services.collection.oversight.routes import trail as trail_doors
from services.collection.personal import routes as personal_doors
from services.collection.policy.routes import changes as policy_changes_doors
from services.collection.policy.routes import in_force as in_force_doors
from services.collection.policy.routes import policy as policy_doors
from services.collection.policy.routes import region as region_doors
from services.collection.project import routes as project_doors
from services.collection.quality.routes import quality as quality_doors
from services.collection.quality.routes import report as report_doors
from services.collection.reallocation import routes as reallocation_doors
from services.collection.receipt_changes.routes import receipt_move as receipt_move_doors
from services.collection.receipt_changes.routes import receipt_return as receipt_return_doors
from services.collection.receipts.routes import receipt as receipt_doors
from services.collection.reconciliation.routes import item as reconciliation_item_doors
from services.collection.reconciliation.routes import monthly as monthly_doors
from services.collection.reconciliation.routes import report as reconciliation_report_doors
from services.collection.reconciliation.routes import statement as statement_doors
from services.collection.reconciliation.routes import statement_account as statement_account_doors
from services.collection.reconciliation.routes import (
    statement_withdrawal as statement_withdrawal_doors,
)
from services.collection.reconciliation.routes import suspense as suspense_doors
from services.collection.refund import routes as refund_doors
from services.collection.register.routes import category as category_doors
from services.collection.register.routes import change as change_doors
from services.collection.register.routes import cover as cover_doors
from services.collection.register.routes import file_import as file_import_doors
from services.collection.register.routes import person as person_doors
from services.collection.register.routes import unit as unit_doors
from services.collection.tax.routes import item as item_doors
from services.collection.tax.routes import line_list as line_list_doors
from services.collection.tax.routes import push as push_doors
from services.collection.tax.routes import push_file as push_file_doors
from services.collection.tax.routes import treasury as treasury_doors
from services.collection.workdays import routes as workdays_doors
from services.revisions import schema_state
from shared import clock
from shared.db import Database, revision
from shared.guard.rate_limit import read_limits
from shared.guard.signed import rules_of
from shared.process import collector
from shared.process.regions import districts_of
from shared.process.settings import Settings
from shared.process.settings import settings as process_settings
from shared.roles import Right
from shared.security import key_check
from shared.security.identity import Identity
from shared.web.app import create_app
from shared.web.browsers import Browsers
from shared.web.door_router import DoorRouter
from shared.web.outbox_routes import outbox_router
from shared.web.readiness import disk_check, look_at_outbox
from shared.web.refused_routes import refused_router
from shared.web.trust_feed import trust_of
from shared.webhooks.event import EventType
from shared.webhooks.routes import events_router, webhooks_router

SERVICE = "collection"
EVENTS = (
    EventType.BILL_ISSUED,
    EventType.DEBIT_BATCH_READY,
    EventType.RECEIPT_MATCHED,
    EventType.RECEIPT_SUSPENDED,
)
"""Types of events that collection tells."""

ROUTERS: tuple[DoorRouter, ...] = (
    region_doors.router,
    # Before the door of one version, whose path would take "in-force" for an id.
    in_force_doors.router,
    policy_changes_doors.router,
    policy_doors.router,
    unit_doors.router,
    category_doors.router,
    change_doors.router,
    cover_doors.router,
    person_doors.router,
    file_import_doors.router,
    levy_doors.router,
    filing_declaration_doors.router,
    explanation_declaration_doors.router,
    handling_declaration_doors.router,
    correction_doors.router,
    file_doors.router,
    district_steps_doors.router,
    default_doors.router,
    roll_doors.router,
    operation_doors.router,
    inbox_doors.router,
    cut_off_doors.router,
    summary_doors.router,
    trail_doors.router,
    bill_doors.router,
    explanation_bill_doors.router,
    contributions_doors.router,
    credit_doors.router,
    bases_doors.router,
    push_doors.router,
    mode_doors.router,
    push_file_doors.router,
    treasury_doors.router,
    line_list_doors.router,
    item_doors.router,
    receipt_doors.router,
    receipt_return_doors.router,
    receipt_move_doors.router,
    debit_doors.router,
    bank_file_doors.router,
    debit_agreement_doors.router,
    bank_profile_doors.router,
    retry_rule_doors.router,
    debit_reason_doors.router,
    success_doors.router,
    refund_doors.router,
    statement_doors.router,
    statement_account_doors.router,
    statement_withdrawal_doors.router,
    reconciliation_item_doors.router,
    suspense_doors.router,
    monthly_doors.router,
    reconciliation_report_doors.router,
    total_doors.router,
    receipt_part_doors.router,
    arrears_doors.router,
    paid_year_doors.router,
    retirement_doors.router,
    reallocation_doors.router,
    agreement_doors.router,
    dunning_doors.router,
    certificate_doors.router,
    waiver_doors.router,
    project_doors.router,
    extension_doors.router,
    flags_doors.router,
    inspection_doors.router,
    inspection_collection_doors.router,
    inspection_recovery_doors.router,
    notice_doors.router,
    city_doors.router,
    workdays_doors.router,
    quality_doors.router,
    report_doors.router,
    personal_doors.router,
    closing_control_doors.router,
    events_router(EVENTS, Right.READ_COLLECTION, Right.READ_BILLS, Right.FETCH_DEBIT_BATCH),
    webhooks_router(EVENTS),
    outbox_router(Right.READ_COLLECTION),
    refused_router(Right.READ_COLLECTION),
)


def build(settings: Settings | None = None) -> FastAPI:
    """Build the app; its lifespan opens the database and the background work."""
    chosen = settings or process_settings()
    clock.follow(chosen.sandbox_day_path)
    common_shipped_store.use_regions(chosen.regions_path)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        address = chosen.database_of(SERVICE)
        assert address is not None, "a service is given its database's address"
        db = Database(
            address,
            SERVICE,
            pool_size=chosen.pool_size,
            statement_timeout_ms=chosen.statement_timeout_ms,
            wait_seconds=chosen.database_wait_seconds,
        )
        identity = Identity.load(chosen.identity_path, chosen.field_keys_of(SERVICE))
        app.state.db, app.state.identity, app.state.settings = db, identity, chosen
        districts = districts_of(chosen.region, chosen.regions_path)
        app.state.known_words = {"district": lambda: districts}
        background = worker.Background(db, identity, chosen, app.state.trust)
        if chosen.run_workers:
            collector.calm()  # a process of collection's own
        tasks = worker.start(background) if chosen.run_workers else []
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await db.close()

    async def database() -> dict[str, str]:
        async with app.state.db.transaction() as tx:
            schema = schema_state(SERVICE, await revision(tx, SERVICE))
            ready = await key_check.readiness(tx, app.state.identity, schema)
        return {"database": "ok", "schema": schema} | ready

    async def outbox() -> dict[str, str]:
        return await look_at_outbox(app.state.db)

    app = create_app(
        service=SERVICE,
        title="五险征缴 · Collection",
        description="登记、政策、申报、缴费通知单、到账与分账 · "
        "Registration, policy, declarations, bills, receipts and their allocation.",
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
