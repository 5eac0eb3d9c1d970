"""Build the ASGI app of identity."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI

from services import VERSION
from services.identity.changes.routes import change as change_doors
from services.identity.changes.routes import proposal as proposal_doors
from services.identity.common import routes as common_doors
from services.identity.common.evidence import STREAMS
from services.identity.credentials import routes as credentials_doors
from services.identity.keyfile import cipher_in
from services.identity.message_keys import routes as message_keys_doors
from services.identity.principals import routes as principals_doors
from services.identity.providers import routes as providers_doors
from services.identity.roles import routes as roles_doors
from services.identity.sessions import routes as sessions_doors
from services.identity.setup import enrol
from services.identity.tokens.flows import trust as trust_flow
from services.identity.tokens.flows.keyring import Keyring
from services.identity.tokens.routes import token as token_doors
from services.identity.tokens.routes import trust as trust_doors
from services.revisions import schema_state
from shared.db import Database, revision
from shared.evidence.anchor import AnchorKeeper
from shared.evidence.writer import BlockWriter
from shared.guard.forwarded import Forwarded
from shared.guard.rate_limit import read_limits
from shared.process.log import logger
from shared.process.regions import districts_of
from shared.process.settings import Settings
from shared.process.settings import settings as process_settings
from shared.security.identity import Identity
from shared.security.trust import Trust, stop
from shared.web.app import create_app
from shared.web.browsers import Browsers
from shared.web.door_router import DoorRouter
from shared.web.readiness import disk_check

SERVICE: Final = "identity"
BODY_LIMIT_BYTES: Final = 64 * 1024
FIRST_TRY_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 1.0

ROUTERS: Final[tuple[DoorRouter, ...]] = (
    token_doors.router,
    trust_doors.router,
    sessions_doors.router,
    providers_doors.router,
    roles_doors.router,
    principals_doors.router,
    credentials_doors.router,
    message_keys_doors.router,
    proposal_doors.router,
    change_doors.router,
    common_doors.router,
)


def build(settings: Settings | None = None) -> FastAPI:
    """Build the app; its lifespan opens the database and the keyring."""
    chosen = settings or process_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        address = chosen.database_of(SERVICE)
        assert address is not None, "a service needs its database's address"
        db = Database(
            address,
            SERVICE,
            pool_size=chosen.pool_size,
            statement_timeout_ms=chosen.statement_timeout_ms,
            wait_seconds=chosen.database_wait_seconds,
        )
        app.state.db, app.state.settings = db, chosen
        app.state.identity = Identity.load(chosen.identity_path)
        app.state.cipher = cipher_in(chosen.identity_keys_path, chosen.field_keys_of(SERVICE))
        app.state.keyring = Keyring(app.state.cipher, chosen.token_seconds)
        app.state.districts = districts_of(chosen.region, chosen.regions_path)
        app.state.is_set_up = False
        task = asyncio.create_task(_set_up_when_possible(app, chosen), name="set-up")
        await asyncio.wait({task}, timeout=FIRST_TRY_SECONDS)
        keeper = AnchorKeeper(db, chosen.anchor_file, chosen.anchor_url)
        work = (BlockWriter(db, STREAMS).run, keeper.run) if chosen.run_workers else ()
        tasks = [asyncio.create_task(run()) for run in work]
        try:
            yield
        finally:
            for running in (task, *tasks):
                await stop(running)
            await db.close()

    async def own_trust() -> dict[str, Any]:
        found: dict[str, Any] = await app.state.db.run(trust_flow.answer)
        return found

    async def database() -> dict[str, str]:
        async with app.state.db.transaction() as tx:
            found = await revision(tx, SERVICE)
        set_up = "ok" if app.state.is_set_up else "not yet: see the log"
        return {"database": "ok", "schema": schema_state(SERVICE, found), "set_up": set_up}

    app = create_app(
        service=SERVICE,
        title="五险身份 · Identity",
        description="人员与客户端、凭据、会话、访问令牌及其撤销 · "
        "People and clients, credentials, sessions, access tokens and their revocation.",
        version=VERSION,
        routers=ROUTERS,
        lifespan=lifespan,
        trust=Trust(SERVICE, own_trust),
        checks=[database, disk_check(chosen.home)],
        body_limit_bytes=BODY_LIMIT_BYTES,
        access_log=chosen.access_log,
        rate_limits=read_limits(chosen.rate_limits_path),
        browsers=Browsers.of(chosen, SERVICE),
    )
    app.add_middleware(Forwarded, path=chosen.console_key_path)  # limits count by address
    return app


async def _set_up_when_possible(app: FastAPI, chosen: Settings) -> None:
    """Make the first principals and the first signing key, as soon as the database allows it."""
    while not app.state.is_set_up:
        try:
            is_sandbox = chosen.sandbox_identities
            await enrol(app.state.db, chosen.identity_path, app.state.cipher, sandbox=is_sandbox)
            await app.state.db.run(app.state.keyring.signing)
            app.state.is_set_up = True
        except Exception as error:
            logger().warning("identity is not set up yet, will retry", error=repr(error)[:300])
            await asyncio.sleep(AGAIN_SECONDS)
