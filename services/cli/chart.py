"""`wuxian ledger chart`: read the chart of accounts (会计科目表), correct it from a day on."""

from __future__ import annotations

import asyncio
import csv
import getpass
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli.common import (
    AsJson,
    DatabaseUrl,
    fail,
    out,
    plainly,
    print_json,
    print_table,
    settings_with,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.ledger.domain.chart import Account

T = TypeVar("T")

app = typer.Typer(help="The chart of accounts (会计科目表) as dated data.", no_args_is_help=True)

On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day.")]
Why = Annotated[str, typer.Option(help="Why: the official text, the order, the confirmation.")]
By = Annotated[
    str | None, typer.Option(help="Who corrects; default: the account you run as.", show_default=False)
]  # fmt: skip


@app.command(name="list")
def list_accounts(
    on: On = None,
    fund: Annotated[str | None, typer.Option(help="Only what this fund keeps.")] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """The chart of a day, in official order."""
    from services.ledger.flows.chart import plain
    from services.ledger.store import catalogue
    from shared import clock

    day = on.date() if on else clock.today()
    found = _run(database_url, catalogue.load).accounts(day)
    rows = [plain(row) for row in found if fund is None or not row.funds or fund in row.funds]
    if as_json:
        print_json({"on": day.isoformat(), "accounts": rows})
        return
    columns = ("code", "key", "name", "class", "normal_side", "funds", "certainty")
    print_table(f"会计科目表 {day}", columns, [[row[name] for name in columns] for row in rows])


@app.command()
def history(key: str, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Every version of an account, and who corrected it when and why."""
    from services.ledger.flows.chart import plain
    from services.ledger.store import catalogue, correction

    async def work(tx: AsyncConnection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        rows = [plain(row) for row in await catalogue.accounts(tx) if row.key == key]
        return rows, await correction.of_account(tx, key)

    versions, corrections = _run(database_url, work)
    if not versions:
        fail(f"no such account: {key}")
    for row in corrections:
        row["at"] = row["at"].isoformat()
    if as_json:
        print_json({"versions": versions, "corrections": corrections})
        return
    columns = ("in_force_from", "in_force_to", "code", "name", "source", "certainty")
    print_table(key, columns, [[str(row[name] or "") for name in columns] for row in versions])
    said = ("at", "corrected_by", "why")
    print_table("订正记录", said, [[row[name] for name in said] for row in corrections])


@app.command(name="set")
def set_account(
    key: Annotated[str, typer.Argument(help="Stable key, such as income_deposit.")],
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day it holds.")
    ],
    why: Why,
    code: Annotated[str | None, typer.Option(help="Official code.")] = None,
    name: Annotated[str | None, typer.Option(help="Official name.")] = None,
    funds: Annotated[str | None, typer.Option(help='Funds that keep it, or "*".')] = None,
    source: Annotated[str | None, typer.Option(help="Text of the rule it comes from.")] = None,
    certainty: Annotated[str | None, typer.Option(help='"confirmed" once it is.')] = None,
    by: By = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Correct an account from a day on; earlier days keep what they had."""
    from services.ledger.flows import chart

    asked = {"code": code, "name": name, "source": source, "certainty": certainty}
    changes: dict[str, Any] = {field: value for field, value in asked.items() if value is not None}
    if funds is not None:
        changes["funds"] = _funds(funds)
    if not changes:
        fail("say what to change", 2)
    written = _run(
        database_url,
        lambda tx: chart.change(tx, key, since.date(), changes, why=why, by=by or _me()),
    )
    _say(written, as_json=as_json)


@app.command(name="import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="CSV with the columns of accounts.csv."),
    ],
    why: Why,
    by: By = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add or correct whole rows, sub-accounts too; all or none."""
    from services.ledger.flows import chart

    with file.open(encoding="utf-8-sig", newline="") as lines:
        try:
            rows = [_account(row) for row in csv.DictReader(lines)]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            fail(f"{file}: not rows of a chart: {error!r}"[:300])
    written = _run(database_url, lambda tx: chart.put(tx, rows, why=why, by=by or _me()))
    _say(written, as_json=as_json)


def _say(written: list[Account], *, as_json: bool) -> None:
    from services.ledger.flows.chart import plain

    if as_json:
        print_json({"written": [plain(row) for row in written]})
        return
    for row in written:
        until = row.in_force_to or "…"
        out.print(f"{row.key} {row.in_force_from} – {until}: {row.code} {row.name}", markup=False)
    out.print(f"{len(written)} rows written; running services read them within half a minute.")


def _run(database_url: str | None, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do work on the ledger's schema with the administrator's address."""
    from services.cli.serve import _administrator
    from shared.errors import Refusal

    with plainly():
        url, _ = _administrator(settings_with(database_url=database_url))
        try:
            return asyncio.run(_in_schema(url, work))
        except Refusal as refusal:
            faults = "".join(f"\n  {f.pointer} {f.code} {f.message}" for f in refusal.faults)
            fail(f"{refusal.message}{faults}")


async def _in_schema(url: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from shared.db import sqlalchemy_url

    settings = {"search_path": "ledger", "application_name": "wuxian-chart"}
    engine = create_async_engine(
        sqlalchemy_url(url), poolclass=NullPool, connect_args={"server_settings": settings}
    )
    try:
        async with engine.begin() as tx:
            return await work(tx)
    finally:
        await engine.dispose()


def _funds(said: str) -> frozenset[str]:
    return frozenset() if said.strip() == "*" else frozenset(said.split())


def _me() -> str:
    return getpass.getuser()


def _account(row: dict[str, str]) -> Account:
    from services.ledger.domain.chart import Account
    from shared.entry import Book, Side

    return Account(
        key=row["key"],
        code=row["code"],
        name=row["name"],
        account_class=row["class"],
        normal_side=Side(row["normal_side"]),
        parent=row["parent"] or None,
        book=Book(row["book"]),
        postable={"true": True, "false": False}[row["postable"]],
        funds=_funds(row["funds"]),
        floored={"true": True, "false": False}[row["floored"]],
        in_force_from=date.fromisoformat(row["in_force_from"]),
        in_force_to=date.fromisoformat(row["in_force_to"]) if row["in_force_to"] else None,
        source=row["source"],
        certainty=row["certainty"],
    )
