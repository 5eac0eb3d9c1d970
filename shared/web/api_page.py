"""The API page of a service: Swagger UI, from files of this installation only.

The page shows the service's own OpenAPI document and sends requests to the service itself. Its
sign-in takes an access token, or asks identity for one. It keeps nothing when it is closed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from shared.web.authentication import TOKEN_PATH

PAGE: Final = "/docs"
DOCUMENT: Final = "/openapi.json"
ASSETS: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
_CACHED: Final = {"Cache-Control": "public, max-age=86400"}
_HTML: Final = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_SWAGGER: Final = {
    "url": "openapi.json",
    "dom_id": "#page",
    "deepLinking": True,
    "docExpansion": "none",
    "defaultModelsExpandDepth": 0,
    "displayRequestDuration": True,
    "filter": True,
    "persistAuthorization": False,
    "showExtensions": False,
    # The page's own badge would send the document to a public validator.
    "validatorUrl": None,
}
_START: Final = f"SwaggerUIBundle({json.dumps(_SWAGGER)});\n"


def api_page_routes(app: FastAPI, identity_url: str) -> list[Route]:
    """Build the routes of the page and its files; anybody may read them, as the document."""

    async def page(_: Request) -> Response:
        title = escape(f"{app.title} · API")
        policy = {"Content-Security-Policy": content_policy(identity_url)}
        return HTMLResponse(_HTML.format(title=title), headers=policy)

    async def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript", headers=_CACHED)

    async def asset(request: Request) -> Response:
        return FileResponse(_assets() / request.url.path.rpartition("/")[2], headers=_CACHED)

    return [
        Route(PAGE, page),
        Route(f"{PAGE}/start.js", start),
        *(Route(f"{PAGE}/{name}", asset) for name in ASSETS),
    ]


def document_route(app: FastAPI, identity_url: str) -> Route:
    """Build the route of the OpenAPI document, which names identity's address here."""

    async def document(_: Request) -> Response:
        return JSONResponse(_addressed(app.openapi(), identity_url))

    return Route(DOCUMENT, document)


def content_policy(identity_url: str) -> str:
    """Return what the page may load: its own files, this service and identity's tokens."""
    parts = urlsplit(identity_url)
    identity = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self';"
        f" img-src 'self' data:; connect-src 'self'{identity};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _addressed(document: Mapping[str, Any], identity_url: str) -> dict[str, Any]:
    """Return the document with the token's whole address: its path alone is of this service."""
    components = dict(document["components"])
    schemes = json.loads(json.dumps(components.get("securitySchemes", {})))
    for scheme in schemes.values():
        for flow in scheme.get("flows", {}).values():
            flow["tokenUrl"] = f"{identity_url}{TOKEN_PATH}"
    return {**document, "components": components | {"securitySchemes": schemes}}


@lru_cache(maxsize=1)
def _assets() -> Path:
    return Path(str(files("fastapi_offline"))) / "static"
