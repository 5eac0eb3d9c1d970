"""`wuxian ledger verify`, `export`, `anchors` and `codes`: the books prove themselves."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, TypeVar, cast

import typer

from services.cli.common import (
    AsJson,
    DatabaseUrl,
    err,
    fail,
    out,
    plainly,
    print_json,
    print_table,
    settings_with,
)

if TYPE_CHECKING:
    from services.ledger.chain.domain.proof import Verdict
    from shared.db import Database

T = TypeVar("T")


def verify(
    database_url: DatabaseUrl = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Verify this export file alone; no database is asked.", dir_okay=False),
    ] = None,
    anchors: Annotated[
        Path | None,
        typer.Option(
            help="Anchors kept outside the database (the answer of GET /v1/chain/anchors):"
            " what they speak of must still be there.",
            dir_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute chains, balances, closed days; name the first broken voucher. Exit 1 on a fault."""
    from services.ledger.chain.flows import verify as verify_flow

    with plainly():
        kept = _anchors(anchors) if anchors else ()
        with _watched() as progress:
            if export is not None:
                with _opened(export, "rb") as file:
                    verdict = verify_flow.verify_lines(file, kept=kept, progress=progress)
            else:

                async def work(db: Database) -> Verdict:
                    async with verify_flow.frozen(db) as tx:
                        return await verify_flow.verify(tx, kept=kept, progress=progress)

                verdict = with_database(database_url, work)
    _say(verdict, as_json)
    raise typer.Exit(1 if verdict.faults else 0)


def export(
    file: Annotated[Path, typer.Argument(help="Where to; a name ending in .gz is compressed.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Write the books to a file that anybody can verify (docs/ledger-chain.md)."""
    from services.ledger.chain.flows import verify as verify_flow

    async def work(db: Database) -> int:
        async with verify_flow.frozen(db) as tx:
            return await verify_flow.export(tx, stream.write, progress=progress)

    with plainly(), _opened(file, "wb") as stream, _watched() as progress:
        lines = with_database(database_url, work)
    err.print(f"wrote {lines:,} records to {file}", markup=False, highlight=False)


def anchors(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: yesterday.")
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Print every chain's head at the end of a day, for the daily report."""
    from services.ledger.chain.flows import anchor as anchor_flow

    chosen: date = day.date() if day else anchor_flow.last_ended()
    with plainly():
        found = with_database(
            database_url, lambda db: db.run(lambda tx: anchor_flow.of_day(tx, chosen))
        )
    if as_json:
        items = [{"slot": one.slot, "seq": one.seq, "hash": one.hash.hex()} for one in found]
        print_json({"day": chosen.isoformat(), "items": items})
        return
    rows = [[str(one.slot), str(one.seq), one.hash.hex()] for one in found]
    print_table(f"{chosen} 日终锚点 Anchors", ["slot", "seq", "hash"], rows)


def codes() -> None:
    """Print the result codes of posting, in the order in which they are found (Markdown)."""
    from services.ledger.posting.schemas.codes import markdown

    sys.stdout.write(markdown())


def with_database(url: str | None, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do work on the ledger's database, as the ledger's role."""
    from shared.db import Database

    settings = settings_with(database_url=url)
    address = url or settings.database_of("ledger")
    if address is None:
        from services.database.administrator import given_admin_url
        from services.embedded import EmbeddedPostgres

        address = given_admin_url(settings) or EmbeddedPostgres(settings.home).url

    async def run() -> T:
        # One statement sorts all sums of a slot: large books take longer than a request may.
        db = Database(address, "ledger", statement_timeout_ms=0)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(run())


def _anchors(file: Path) -> list[tuple[int, int, str]]:
    try:
        items = json.loads(file.read_text(encoding="utf-8"))["items"]
        return [(int(one["slot"]), int(one["seq"]), str(one["hash"])) for one in items]
    except (ValueError, KeyError, TypeError) as error:
        fail(f"{file} holds no anchors ({error})")


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[IO[bytes]]:
    with file.open(mode) as raw:
        if file.suffix != ".gz":
            yield raw
            return
        with gzip.GzipFile(fileobj=raw, mode=mode) as packed:
            yield cast(IO[bytes], packed)


@contextmanager
def _watched() -> Iterator[Callable[[int], None]]:
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), "{task.description}", MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("vouchers 凭证", total=None)
        yield lambda seen: bar.update(task, completed=seen)


def _say(verdict: Verdict, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "verified": not verdict.faults,
                "slots": verdict.slots,
                "vouchers": verdict.vouchers,
                "entries": verdict.entries,
                "anchors": verdict.anchors,
                "first_broken": verdict.first_broken,
                "faults": list(verdict.faults),
                "trial_balances": [
                    {
                        "fund": one.fund,
                        "book": one.book,
                        "debit_fen": one.debit_fen,
                        "credit_fen": one.credit_fen,
                    }
                    for one in verdict.trial
                ],
            }
        )
        return
    for fault in verdict.faults:
        err.print(f"  {fault}", style="red", markup=False, highlight=False)
    if verdict.first_broken:
        err.print(f"first broken voucher: {verdict.first_broken}", style="red", markup=False)
    out.print(
        f"{verdict.vouchers:,} vouchers, {verdict.entries:,} entries in {verdict.slots} slots,"
        f" {verdict.anchors} anchors: " + ("BROKEN" if verdict.faults else "everything holds"),
        markup=False,
        highlight=False,
    )
