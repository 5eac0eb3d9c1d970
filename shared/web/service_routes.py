"""The doors that every service has: own identity, health, readiness, metrics, version."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from shared.process.metrics import exposition
from shared.schema import Out
from shared.security.tokens import claims_of
from shared.web.authentication import Authenticated
from shared.web.problem import PROBLEMS
from shared.web.readiness import OK, WARNING, Check, look


class MeOut(Out):
    """The identity of the token's bearer."""

    subject: str
    client: str
    role: str
    level: str
    district: str
    units: list[str] | None


def service_router(service: str, version: str, checks: Sequence[Check]) -> APIRouter:
    """Build the router of these doors for one service."""
    router = APIRouter()

    @router.get(
        "/v1/me",
        operation_id="who_am_i",
        summary="当前身份 · Get the caller of the token",
        responses=PROBLEMS,
    )
    async def who_am_i(caller: Authenticated) -> MeOut:
        return MeOut(**claims_of(caller))

    router.routes.extend(_monitoring_router(service, version, checks).routes)
    return router


def _monitoring_router(service: str, version: str, checks: Sequence[Check]) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz", operation_id="health", summary="存活 · Alive")
    async def health() -> dict[str, str]:
        return {"service": service, "status": "ok"}

    @router.get(
        "/readyz",
        operation_id="readiness",
        summary="就绪 · Ready to serve",
        responses={503: {"description": "not ready"}},
    )
    async def readiness() -> JSONResponse:
        found = await look(checks)
        ready = all(value == OK or value.startswith(WARNING) for value in found.values())
        return JSONResponse(
            {"service": service, "ready": ready, "checks": found},
            200 if ready else 503,
            headers=None if ready else {"Retry-After": "5"},
        )

    @router.get(
        "/metrics",
        operation_id="metrics",
        summary="指标 · Prometheus metrics",
        response_class=PlainTextResponse,
    )
    async def metrics() -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/v1/version", operation_id="version", summary="版本 · Version")
    async def version_of() -> dict[str, str]:
        return {"service": service, "version": version}

    return router
