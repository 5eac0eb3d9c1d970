"""`wuxian ledger chart`: read the chart of accounts (会计科目表), propose corrections from a day on."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.common import (
    AsJson,
    DatabaseUrl,
    fail,
    print_json,
    print_table,
)
from services.cli.ledger.rules import PersonToken, RuleTable, rules_of, run, say, send_rows

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.ledger.rules.domain.chart import Account

app = typer.Typer(help="The chart of accounts as dated data.", no_args_is_help=True)

On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day.")]
Why = Annotated[str, typer.Option(help="Why: the official text, the order, the confirmation.")]


@app.command(name="list")
def list_accounts(
    on: On = None,
    fund: Annotated[str | None, typer.Option(help="Only what this fund keeps.")] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the chart of a day, in official order."""
    from services.ledger.rules.domain.chart import plain
    from services.ledger.rules.store import catalogue as catalogue_store
    from shared import clock

    day = on.date() if on else clock.today()
    found = run(database_url, catalogue_store.load).accounts(day)
    rows = [plain(row) for row in found if fund is None or not row.funds or fund in row.funds]
    if as_json:
        print_json({"on": day.isoformat(), "accounts": rows})
        return
    columns = ("code", "key", "name", "class", "normal_side", "funds", "certainty")
    print_table(f"会计科目表 {day}", columns, [[row[name] for name in columns] for row in rows])


@app.command()
def history(key: str, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List every version of an account, and who corrected it when and why."""
    from services.ledger.rules.domain.chart import plain
    from services.ledger.rules.domain.row import Table
    from services.ledger.rules.store import catalogue as catalogue_store
    from services.ledger.rules.store import correction as correction_store

    async def work(tx: AsyncConnection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        rows = [plain(row) for row in await catalogue_store.accounts(tx) if row.key == key]
        return rows, [
            {
                "at": one.at.isoformat(),
                "corrected_by": one.by,
                "why": one.why,
                "before": one.before,
                "after": one.after,
            }
            for one in await correction_store.made(tx)
            if (one.table, one.name) == (Table.ACCOUNT, key)
        ]

    versions, corrections = run(database_url, work)
    if not versions:
        fail(f"no such account: {key}")
    if as_json:
        print_json({"versions": versions, "corrections": corrections})
        return
    columns = ("in_force_from", "in_force_to", "code", "name", "source", "certainty")
    print_table(key, columns, [[str(row[name] or "") for name in columns] for row in versions])
    history_columns = ("at", "corrected_by", "why")
    print_table(
        "订正记录",
        history_columns,
        [[row[name] for name in history_columns] for row in corrections],
    )


@app.command(name="set")
def set_account(
    key: Annotated[str, typer.Argument(help="Stable key, such as income_deposit.")],
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day it holds.")
    ],
    why: Why,
    token: PersonToken,
    code: Annotated[str | None, typer.Option(help="Official code.")] = None,
    name: Annotated[str | None, typer.Option(help="Official name.")] = None,
    funds: Annotated[str | None, typer.Option(help='Funds that keep it, or "*".')] = None,
    source: Annotated[str | None, typer.Option(help="Text of the rule it comes from.")] = None,
    certainty: Annotated[str | None, typer.Option(help='"confirmed" once it is.')] = None,
    as_json: AsJson = False,
) -> None:
    """Propose to correct an account from a day on; earlier days keep what they had."""
    from services.ledger.rules.domain.chart import plain
    from services.ledger.rules.domain.chart_correction import new_version
    from shared.errors import NotFound

    options = {"code": code, "name": name, "source": source, "certainty": certainty}
    changes: dict[str, Any] = {
        field: value for field, value in options.items() if value is not None
    }
    if funds is not None:
        changes["funds"] = _funds(funds)
    if not changes:
        fail("say what to change", 2)
    present = [_account(row) for row in rules_of(RuleTable.ACCOUNT, token)]
    try:
        rows = new_version(present, key, since.date(), changes)
    except NotFound:
        fail(f"no account {key} on {since.date()}; `wuxian ledger chart list` shows them")
    sent = [plain(row) for row in rows]
    say(send_rows(RuleTable.ACCOUNT, sent, why, token), as_json=as_json)


@app.command(name="import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="CSV with the columns of accounts.csv."),
    ],
    why: Why,
    token: PersonToken,
    as_json: AsJson = False,
) -> None:
    """Propose to add or correct whole rows, sub-accounts too; all or none."""
    from services.ledger.rules.domain.chart import plain

    with file.open(encoding="utf-8-sig", newline="") as lines:
        try:
            rows = [plain(_account(row)) for row in csv.DictReader(lines)]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            fail(f"{file}: not rows of a chart: {error!r}"[:300])
    present = rules_of(RuleTable.ACCOUNT, token)
    rows = [row for row in rows if row not in present]
    if not rows:
        fail(f"{file}: every row holds already; there is nothing to propose")
    say(send_rows(RuleTable.ACCOUNT, rows, why, token), as_json=as_json)


def _funds(written: str) -> frozenset[str]:
    return frozenset() if written.strip() == "*" else frozenset(written.split())


def _truth(value: bool | str) -> bool:
    """Read a value of a file (true, false) or of the ledger's answer."""
    return value if isinstance(value, bool) else {"true": True, "false": False}[value]


def _account(row: dict[str, Any]) -> Account:
    from services.ledger.rules.domain.chart import Account
    from shared.entry import Book, Side

    return Account(
        key=row["key"],
        code=row["code"],
        name=row["name"],
        account_class=row["class"],
        normal_side=Side(row["normal_side"]),
        parent=row["parent"] or None,
        book=Book(row["book"]),
        postable=_truth(row["postable"]),
        funds=_funds(row["funds"]),
        floored=_truth(row["floored"]),
        in_force_from=date.fromisoformat(row["in_force_from"]),
        in_force_to=date.fromisoformat(row["in_force_to"]) if row["in_force_to"] else None,
        source=row["source"],
        certainty=row["certainty"],
    )
