"""The app factory of a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from shared.guard.gate import Gate
from shared.guard.rate_limit import RateLimits, read_limits
from shared.guard.signed import SignatureRules
from shared.process import tracing
from shared.process.settings import settings
from shared.security.trust import Trust
from shared.web.access import AccessLog
from shared.web.api_page import api_page_routes, document_route
from shared.web.browsers import Browsers
from shared.web.door_router import DoorRouter
from shared.web.envelope import Envelope
from shared.web.openapi import App
from shared.web.problem import answer_problems
from shared.web.readiness import Check
from shared.web.service_routes import service_router
from shared.web.trust_feed import followed


def create_app(  # noqa: PLR0913 - an app has that many parts
    *,
    service: str,
    title: str,
    description: str,
    version: str,
    routers: Sequence[DoorRouter],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    trust: Trust,
    checks: Sequence[Check],
    body_limit_bytes: int,
    rate_limits: RateLimits | None = None,
    access_log: bool = True,
    signatures: SignatureRules | None = None,
    browsers: Browsers | None = None,
) -> FastAPI:
    """A service's app; its lifespan puts `identity` and `db` on `app.state`.

    `trust` verifies the tokens of its callers; `body_limit_bytes` holds for doors that name none
    (`max_body_size`). Without `signatures` the service takes no signed requests; without
    `browsers` it shows no API page and answers no script of another origin.
    """

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        traced = tracing.start(settings(), service)
        try:
            async with lifespan(app), followed(trust):
                yield
        finally:
            if traced:
                await asyncio.to_thread(tracing.stop)

    rules = browsers or Browsers()
    # FastAPI's own pages load their scripts from a public network that a bureau's lacks.
    app = App(
        service,
        title=title,
        description=description,
        version=version,
        lifespan=living,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.trust = trust
    app.router.routes.append(document_route(app, rules.identity_url))
    if rules.shows_api_page:
        app.router.routes.extend(api_page_routes(app, rules.identity_url))
    app.router.routes.extend(service_router(service, version, (*checks, trust.check)).routes)
    for router in routers:
        app.router.routes.extend(router.routes)
    answer_problems(app)
    gate = Gate(rate_limits or read_limits(), body_limit_bytes, signatures)
    app.add_middleware(Envelope, gate=gate)
    rules.admit(app)  # before the gate: a browser asks whether it may, without its token
    app.add_middleware(AccessLog, service=service, written=access_log)  # the outermost
    return app
