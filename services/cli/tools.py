"""`wuxian token`, `openapi` and `version`."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from services import VERSION
from services.cli.common import (
    SERVICES,
    AsJson,
    err,
    fail,
    out,
    print_json,
    sandbox_token,
    settings_with,
)
from shared.roles import CENTRE, Level, Role


def token(
    role: Annotated[Role, typer.Option(help="What the bearer is.")],
    district: Annotated[str, typer.Option(help="District code, for district roles.")] = CENTRE,
    as_json: AsJson = False,
) -> None:
    """Print a token of one of the sandbox's identities, from the running identity service."""
    if (role.level is Level.DISTRICT) == (district == CENTRE):
        needs = (
            "needs a --district" if district == CENTRE else "stands at the centre: no --district"
        )
        fail(f"{role.value} {needs}", 2)
    own = role.value if district == CENTRE else f"{role.value}.{district}"
    found = sandbox_token(settings_with(), own)
    if as_json:
        print_json(found | {"subject": own, "role": role.value, "district": district})
    else:
        out.print(found["access_token"], soft_wrap=True, markup=False, highlight=False)


def openapi(
    write: Annotated[
        Path | None, typer.Option(help="Write one file a service into this directory.")
    ] = None,
) -> None:
    """Print (or write) the OpenAPI documents of the services."""
    documents = {service: openapi_of(service) for service in SERVICES}
    if write is None:
        print_json(documents)
        return
    write.mkdir(parents=True, exist_ok=True)
    for service, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
        (write / f"{service}.json").write_text(f"{text}\n", encoding="utf-8")
        err.print(f"wrote {write / service}.json", markup=False, highlight=False)


def openapi_of(service: str) -> dict[str, Any]:
    """Return a service's OpenAPI document, which depends on nothing but the source."""
    from shared.process.settings import Settings

    build = import_module(f"services.{service}.app").build
    document: dict[str, Any] = build(Settings()).openapi()
    return document


def version(as_json: AsJson = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": VERSION})
    else:
        out.print(f"wuxian {VERSION}", highlight=False)
