"""Pieces shared by the commands: settings from options, plain errors, tables."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import services
import shared
from services.cli.table import Rows, fitted, records

if TYPE_CHECKING:
    from shared.process.settings import Settings

out = Console()
_WIDEST = 100_000
"""Columns of the widest table that a file may get."""
err = Console(stderr=True, soft_wrap=True)
_ELSEWHERE = "set WUXIAN_HOME to a directory"
_ADVICE = (
    ("No space left on device", f"the disk is full: free some space, or {_ELSEWHERE} on another"),
    ("Permission denied", f"this account may not write there: {_ELSEWHERE} of its own"),
    ('role "wuxian_', "the database is not prepared: run `wuxian migrate` first"),
    ("Read-only file system", f"nothing can be written there: {_ELSEWHERE} elsewhere"),
)
"""Words of an error, and what to do next."""


class Service(StrEnum):
    """A service that `wuxian serve` can start."""

    IDENTITY = "identity"
    COLLECTION = "collection"
    LEDGER = "ledger"
    PAYOUT = "payout"
    CONSOLE = "console"
    SANDBOX = "sandbox"


SERVICES = tuple(
    service.value for service in Service if service not in {Service.CONSOLE, Service.SANDBOX}
)
"""Those with a database. (Named here so that `wuxian --help` need not load the database's shell.)"""

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="Your own PostgreSQL 15-18 (postgresql://host/database) instead of the embedded one;"
        " also WUXIAN_DATABASE_URL.",
        show_default=False,
    ),
]
AdminUrl = Annotated[
    str | None,
    typer.Option(
        help="Address of an administrator of your own PostgreSQL; also WUXIAN_ADMIN_DATABASE_URL.",
        show_default=False,
    ),
]
Url = Annotated[str | None, typer.Option(help="Address of collection.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def settings_with(**changes: object) -> Settings:
    """Change the process's settings and return them; its own children and workers see too."""
    for name, value in changes.items():
        if value is not None:
            os.environ[f"WUXIAN_{name.upper()}"] = str(value)
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from shared.process.settings import settings

    settings.cache_clear()
    try:
        return settings()
    except ValidationError as error:
        faults = [
            f"WUXIAN_{'.'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        fail("; ".join(faults), 2)
    except SettingsError as error:
        field = str(error).partition('"')[2].partition('"')[0]
        fail(f'WUXIAN_{field.upper()}: must be JSON, for instance ["a", "b"] or {{"a": "b"}}', 2)


def supervisor_token() -> str:
    """Return a token of the sandbox's supervisor, who may only read."""
    return str(sandbox_token(settings_with(), "supervisor")["access_token"])


def sandbox_token(settings: Settings, name: str) -> dict[str, Any]:
    """Ask identity for a token of one of the sandbox's people or machines."""
    import httpx

    from shared.guard import tls

    known: dict[str, str] = {}
    for file in ("services.json", "secrets.json"):
        path = settings.identity_path / file
        known |= json.loads(path.read_text()) if path.exists() else {}
    if name not in known:
        fail(
            f"the sandbox of {settings.home} has no {name}: `wuxian up` makes its identities for"
            f" the districts {', '.join(settings.sandbox_districts)}"
        )
    try:
        answer = httpx.post(
            f"{settings.identity_url}/v1/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(name, known[name]),
            timeout=30,
            trust_env=False,
            verify=tls.trusted(),
        )
    except httpx.HTTPError as error:
        fail(f"{settings.identity_url}: {error}; is it running? (`wuxian up`)")
    found: dict[str, Any] = answer.json()
    if not answer.is_success:
        fail(f"identity refuses {name}: {found.get('error')}: {found.get('error_description')}")
    return found


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Say what is wrong and leave."""
    err.print(f"wuxian: {sentence}", style="red", markup=False, highlight=False)
    raise typer.Exit(code)


def ask(
    method: str, base: str, path: str, token: str | None, body: Any = None, *, seconds: float = 60
) -> dict[str, Any]:
    """Send a request to a service and wait so long for it; print a refusal with every fault."""
    import httpx

    from shared.guard import tls

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with httpx.Client(
            base_url=base, timeout=seconds, trust_env=False, verify=tls.trusted()
        ) as client:
            answer = client.request(method, path, json=body, headers=headers)
    except httpx.HTTPError as error:
        fail(f"{base}: {error}; is it running? (`wuxian up`)")
    found: dict[str, Any] = answer.json() if answer.content else {}
    if not answer.is_success:
        for row in found.get("errors", []):
            line = f"  {row['pointer']}  {row['code']}  {row['message']}"
            err.print(line, markup=False, highlight=False)
        fail(f"{answer.status_code} {found.get('code')}: {found.get('detail')}")
    return found


def page_from(base: str, path: str, token: str) -> str:
    """Ask a service for a page to print; a refusal becomes a plain error."""
    import httpx

    from shared.guard import tls

    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    try:
        with httpx.Client(
            base_url=base, timeout=60, trust_env=False, verify=tls.trusted()
        ) as client:
            answer = client.get(path, headers=headers)
    except httpx.HTTPError as error:
        fail(f"{base}: {error}; is it running? (`wuxian up`)")
    if not answer.is_success:
        refused = answer.json()
        fail(f"{answer.status_code} {refused.get('code')}: {refused.get('detail')}")
    return answer.text


@contextmanager
def plainly() -> Iterator[None]:
    """Turn the errors that an operator can do something about into sentences."""
    import asyncpg
    from sqlalchemy.exc import DBAPIError

    from services.backup.manifest import BackupError
    from services.database.administrator import NoAdministrator
    from services.database.logins import LoginRefused
    from services.distribution.apply import NotDistributed
    from services.embedded import EmbeddedError
    from services.migrate import MigrationError
    from services.supervisor import PortTaken, SupervisorError
    from shared.process.database_address import PasswordMissing
    from shared.process.regions import RegionUnknown

    sentences = (
        BackupError,
        EmbeddedError,
        LoginRefused,
        MigrationError,
        NoAdministrator,
        NotDistributed,
        PasswordMissing,
        PortTaken,
        RegionUnknown,
        SupervisorError,
    )
    try:
        yield
    except sentences as error:
        fail(advised(str(error)))
    except DBAPIError as error:
        fail(advised(f"the database refuses: {str(error.orig)[:500]}", "check --database-url"))
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(advised(f"the database refuses: {error}", "check --database-url"))
    except (ConnectionError, TimeoutError, OSError) as error:
        address = "if this is the database's address, check --database-url"
        where = f"check this path, or {_ELSEWHERE} of your own"
        is_path = isinstance(error, OSError) and error.filename is not None
        fail(advised(str(error), where if is_path else address))


def advised(sentence: str, otherwise: str = "") -> str:
    """Add to an error what to do next, where its words tell the cause."""
    advice = next((say for words, say in _ADVICE if words in sentence), otherwise)
    return f"{sentence.rstrip()}; {advice}" if advice else sentence


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
    sys.stdout.flush()  # the reader of `wuxian up --json` waits for it


def print_table(title: str, columns: Sequence[str], rows: Rows) -> None:
    """Print a table for people: on a screen long texts wrap, in a file each row is one line.

    Nothing is ever cut or broken: a hash, a code or an amount in two pieces is worse than a long
    table. What is too wide for the screen is printed one row below the other.
    """
    lines = [list(columns), *(list(row) for row in rows)]
    if out.is_terminal:
        shown = fitted(columns, rows, out.width)
        if shown is None:
            out.print(title, style="italic", markup=False, highlight=False)
            for line in records(columns, rows):
                out.print(line, soft_wrap=True, markup=False, highlight=False)
            return
        lines = shown
    table = Table(title=Text(title), title_justify="left")
    for column in lines[0]:
        table.add_column(Text(column), no_wrap=True)
    for row in lines[1:]:
        table.add_row(*map(Text, row))
    wide = out if out.is_terminal else Console(file=out.file, width=_WIDEST)
    wide.print(table)


def packages_are_ours() -> bool:
    """Check that `services` and `shared`, names others may use too, come from one place."""
    places = {Path(module.__file__ or "").resolve().parents[1] for module in (services, shared)}
    return len(places) == 1
