"""Build the console: a NiceGUI app in one process, and nothing but HTTP to the services."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from nicegui import app as pages_app
from nicegui import core, ui
from prometheus_client import CONTENT_TYPE_LATEST

from services import VERSION
from services.console.api import Api, Services
from services.console.frame import NAME, build_frame
from services.console.guard import Guard
from services.console.pace import remember_signatures
from services.console.page import all_pages
from services.console.provider_sign_in import provider_router, signed_in_page
from services.console.session import Sessions
from services.console.sign_in import SignIn, language_of, sign_in_router
from services.console.style import serve_files
from services.console.wall import build_embedded_wall, build_wall
from services.console.words import speak
from shared import clock
from shared.process import collector
from shared.process.metrics import exposition
from shared.process.settings import Settings
from shared.process.settings import settings as process_settings
from shared.web.access import AccessLog

SERVICE: Final = "console"
RECONNECT_SECONDS: Final = 600.0
"""Time that a page waits for its browser: what is typed is kept over a dropped connection."""
PING_SECONDS: Final = 15
"""A connection that gives no sign for so long is found dead, and opened again."""
EMBEDDED: Final = "/embed/wall"
COOKIE: Final = "wuxian_console"


def build(settings: Settings | None = None) -> FastAPI:
    """Build the app; its lifespan opens the way to the services. Once in a process: NiceGUI is one."""
    chosen = settings or process_settings()
    clock.follow(chosen.sandbox_day_path)
    remember_signatures()
    services, sessions = Services(chosen), Sessions()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        core.sio.eio.ping_interval, core.sio.eio.ping_timeout = PING_SECONDS, PING_SECONDS
        collector.calm()  # the console has this process to itself
        try:
            yield
        finally:
            await services.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_monitoring(app, services)
    desk = SignIn(services, sessions, is_sandbox=chosen.sandbox_identities)
    _add_pages(desk, chosen.cors_origins)
    ui.run_with(
        app,
        title=NAME[0],
        language="zh-CN",
        reconnect_timeout=RECONNECT_SECONDS,
        tailwind=False,
        show_welcome_message=False,
        # The sessions are in memory: a cookie of an earlier process is worth nothing anyway.
        storage_secret=secrets.token_urlsafe(32),
        session_middleware_kwargs={
            "session_cookie": COOKIE,
            "max_age": None,
            "same_site": "lax",
            "https_only": is_https(chosen),
        },
    )
    public = chosen.public_urls.get(SERVICE, "")
    app.add_middleware(Guard, framed={EMBEDDED: chosen.cors_origins}, public=public)
    app.add_middleware(AccessLog, service=SERVICE, written=chosen.access_log)
    return app


def is_https(settings: Settings) -> bool:
    """Return whether browsers come by https: to us, or to the proxy before us."""
    public = settings.public_urls.get(SERVICE, "")
    return settings.tls_cert is not None or public.startswith("https:")


def _add_pages(desk: SignIn, origins: Sequence[str]) -> None:
    services, sessions, pages = desk.services, desk.sessions, all_pages()
    serve_files()
    pages_app.include_router(sign_in_router(desk))
    pages_app.include_router(provider_router(desk))

    @ui.page("/sign-in", title=NAME[0])
    async def sign_in(request: Request) -> None:
        await desk.page(request)

    @ui.page("/signed-in", title=NAME[0])
    def signed_in(request: Request) -> None:
        speak(language_of(request))
        signed_in_page()

    @ui.page("/wall", title=NAME[0])
    def wall(request: Request) -> Response | None:
        session = sessions.find(request.session.get("id"))
        if session is None:
            return RedirectResponse("/sign-in?next=%2Fwall", 303)
        build_wall(Api(services, session))
        return None

    if origins:

        @ui.page(EMBEDDED, title=NAME[0])
        def embedded_wall(language: str = "zh") -> None:
            build_embedded_wall(services, origins, "en" if language == "en" else "zh")

    @ui.page("/")
    @ui.page("/{_:path}")
    def anywhere(request: Request) -> Response | None:
        session = sessions.find(request.session.get("id"))
        if session is None:
            query = httpx.QueryParams({"next": _address(request)})
            return RedirectResponse(f"/sign-in?{query}", 303)
        build_frame(Api(services, session), pages)
        return None


def _address(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _add_monitoring(app: FastAPI, services: Services) -> None:
    @app.get("/healthz")
    async def health() -> dict[str, str]:
        return {"service": SERVICE, "status": "ok"}

    @app.get("/readyz")
    async def readiness() -> JSONResponse:
        found = await services.states()
        ready = found.get("identity") == "ok"
        body: dict[str, Any] = {"service": SERVICE, "ready": ready, "checks": found}
        return JSONResponse(body, 200 if ready else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        return PlainTextResponse(exposition(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/v1/version")
    async def version() -> dict[str, str]:
        return {"service": SERVICE, "version": VERSION}
