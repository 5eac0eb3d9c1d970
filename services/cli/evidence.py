"""`wuxian verify`: the books and the evidence of every service prove themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli.common import (
    SERVICES,
    AsJson,
    DatabaseUrl,
    err,
    fail,
    out,
    plainly,
    print_json,
    settings_with,
)

if TYPE_CHECKING:
    from services.ledger.chain.domain.proof import Verdict
    from shared.db import Database
    from shared.evidence.verify import EvidenceVerdict

T = TypeVar("T")


def verify(
    database_url: DatabaseUrl = None,
    anchors: Annotated[
        Path | None,
        typer.Option(
            help="Anchors kept outside the database (a line of JSON each, see WUXIAN_ANCHOR_FILE):"
            " the chains must still pass through them.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the books and the evidence of all services; exit 1 on a fault."""
    with plainly():
        lines = anchors.read_bytes().splitlines() if anchors else []
        err.print("账簿 · books …", highlight=False)
        books = asyncio.run(_with(_address(database_url, "ledger"), "ledger", _books))
        verdicts = []
        for service in SERVICES:
            err.print(f"留痕 · evidence of {service} …", highlight=False)
            address = _address(database_url, service)
            verdicts.append(asyncio.run(_with(address, service, _evidence(service, lines))))
    holds = not books.faults and not any(verdict.faults for verdict in verdicts)
    if as_json:
        print_json({"ok": holds, "books": _books_json(books), "evidence": _all(verdicts)})
    else:
        _print(books, verdicts)
    raise typer.Exit(0 if holds else 1)


def _address(database_url: str | None, service: str) -> str:
    """Return the administrator's address or the service's own: an auditor need not administer."""
    from services.database.administrator import given_admin_url, uses_embedded
    from services.embedded import EmbeddedPostgres

    settings = settings_with(admin_database_url=database_url)
    if uses_embedded(settings):
        return EmbeddedPostgres(settings.home).url
    return given_admin_url(settings) or str(settings.database_of(service))


async def _with(address: str, service: str, work: Callable[[Database], Awaitable[T]]) -> T:
    from shared.db import Database

    db = Database(address, service, pool_size=1, statement_timeout_ms=0)
    try:
        return await work(db)
    finally:
        await db.close()


async def _books(db: Database) -> Verdict:
    from services.ledger.chain.flows import verify as verify_flow

    async with verify_flow.frozen(db) as tx:
        return await verify_flow.verify(tx)


def _evidence(service: str, lines: list[bytes]) -> Callable[[Database], Awaitable[EvidenceVerdict]]:
    from shared.evidence import verify as evidence_verify
    from shared.evidence.anchor import read_lines

    try:
        anchors = read_lines(lines, service)
    except ValueError as error:
        fail(f"the file of anchors cannot be read: {error}")
    streams = import_module(f"services.{service}.common.evidence").STREAMS

    async def work(db: Database) -> EvidenceVerdict:
        async with evidence_verify.frozen(db) as tx:
            return await evidence_verify.verify(tx, service, streams, anchors=anchors)

    return work


def _books_json(books: Verdict) -> dict[str, Any]:
    return {"vouchers": books.vouchers, "faults": [str(fault) for fault in books.faults]}


def _all(verdicts: list[EvidenceVerdict]) -> list[dict[str, Any]]:
    return [asdict(verdict) | {"head": verdict.head.hex()} for verdict in verdicts]


def _print(books: Verdict, verdicts: list[EvidenceVerdict]) -> None:
    def say(sentence: str) -> None:
        out.print(sentence, markup=False, highlight=False, soft_wrap=True)

    say(f"账簿 books: {books.vouchers:,} vouchers")
    for fault in books.faults:
        say(f"  ✗ {fault}")
    for verdict in verdicts:
        say(
            f"留痕 evidence of {verdict.service}: {verdict.blocks:,} blocks,"
            f" {verdict.rows:,} rows, {verdict.not_bound:,} not bound yet,"
            f" head {verdict.head.hex()}"
        )
        for fault in verdict.faults:
            say(f"  ✗ {fault}")
    if not books.faults and not any(verdict.faults for verdict in verdicts):
        say("全部相符 · everything holds")
