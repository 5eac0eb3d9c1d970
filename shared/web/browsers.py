"""The rules for browsers: origins that may read a service, and whether it shows its API page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from shared.db import SERVICES
from shared.process.settings import Settings

METHODS: Final = ("GET", "POST", "PUT", "DELETE")
SENT_FIELDS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID")
READ_FIELDS: Final = (
    "Content-Disposition",
    "Idempotent-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
PREFLIGHT_SECONDS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsers:
    """Permissions of browsers at one service."""

    origins: tuple[str, ...] = ()
    """Exact origins whose scripts may call the service and read its answers."""
    shows_api_page: bool = False
    identity_url: str = ""
    """The address at which a browser reaches identity, which gives tokens."""

    @classmethod
    def of(cls, settings: Settings, service: str) -> Self:
        """Read the rules of one service.

        The API page of every service asks identity for a token, so identity answers those pages.
        """
        origins = set(settings.cors_origins)
        if settings.api_pages and service == "identity":
            for name in SERVICES:
                origins |= _origins_of(_public_url(settings, name))
        return cls(
            origins=tuple(sorted(origins)),
            shows_api_page=settings.api_pages,
            identity_url=_public_url(settings, "identity"),
        )

    def admit(self, app: FastAPI) -> None:
        """Answer the scripts of these origins. They send a token; cookies are never taken."""
        if self.origins:
            app.add_middleware(
                CORSMiddleware,
                allow_origins=self.origins,
                allow_methods=METHODS,
                allow_headers=SENT_FIELDS,
                expose_headers=READ_FIELDS,
                max_age=PREFLIGHT_SECONDS,
            )


def _public_url(settings: Settings, service: str) -> str:
    own: Any = getattr(settings, f"{service}_url")
    return settings.public_urls.get(service, str(own)).rstrip("/")


def _origins_of(url: str) -> set[str]:
    """Return the origin of an address; of this machine's own both of its names."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return {origin, origin.replace("://127.0.0.1:", "://localhost:")}
