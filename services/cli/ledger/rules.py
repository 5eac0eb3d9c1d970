"""`wuxian ledger rules`: read the rules, propose corrections, approve them.

Whoever proposes or approves is signed in: both go through the ledger's doors with the person's token.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli.common import (
    AsJson,
    DatabaseUrl,
    ask,
    fail,
    out,
    plainly,
    print_json,
    print_table,
    settings_with,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.ledger.rules.domain.row import Correction

T = TypeVar("T")

app = typer.Typer(
    help="The rules of the books (funds, accounts, flows, conditions of closing, lines of statements): corrected by two people.",
    no_args_is_help=True,
)

On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day.")]
Why = Annotated[str, typer.Option(help="Why: the official text, the order, the confirmation.")]
PersonToken = Annotated[
    str,
    typer.Option(
        "--token", envvar="WUXIAN_TOKEN", help="Yours: `wuxian sign-in` gives it for some minutes."
    ),
]


class RuleTable(StrEnum):
    """Tables of rules. (Named here so that `wuxian --help` need not load the ledger.)"""

    FUND = "fund"
    ACCOUNT = "chart_account"
    FLOW = "flow_matrix"
    CLOSING_RULE = "closing_rule"
    ADJUSTMENT_RULE = "adjustment_rule"
    REPORT_LINE = "report_line"
    INJECTION_RULE = "personal_injection_rule"


_SECTIONS = {
    RuleTable.FUND: "funds",
    RuleTable.ACCOUNT: "accounts",
    RuleTable.FLOW: "flows",
    RuleTable.CLOSING_RULE: "closing_rules",
    RuleTable.ADJUSTMENT_RULE: "adjustment_rules",
    RuleTable.REPORT_LINE: "report_lines",
    RuleTable.INJECTION_RULE: "injection_rules",
}
"""Member of the ledger's door for the rows of each table."""


@app.command(name="list")
def list_rules(
    table: RuleTable, on: On = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """List the rules of a day, or every version of them."""
    from services.ledger.rules.domain.row import Table, first_day, last_day, name_of
    from services.ledger.rules.store import correction as correction_store

    of = Table(table.value)
    found = run(database_url, lambda tx: correction_store.rows(tx, [of]))[of]
    day = on.date() if on else None
    rows = [dict(row) for row in found if day is None or first_day(row) <= day <= last_day(row)]
    rows.sort(key=lambda row: (name_of(of, row), row["in_force_from"]))
    if as_json:
        print_json({"table": table.value, "rows": rows})
        return
    columns = list(rows[0]) if rows else ["(none)"]
    print_table(table.value, columns, [[_text(row[name]) for name in columns] for row in rows])


@app.command()
def propose(
    table: RuleTable,
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="CSV with the columns that `list` shows."),
    ],
    why: Why,
    token: PersonToken,
    as_json: AsJson = False,
) -> None:
    """Propose rows, all or none; a row with a new first day ends the version before it."""
    present = rules_of(table, token)
    rows = _read(file, present[0] if present else {})
    say(send_rows(table, rows, why, token), as_json=as_json)


@app.command()
def approve(
    id: Annotated[str, typer.Argument(help="The correction, as `propose` names it.")],
    token: PersonToken,
    as_json: AsJson = False,
) -> None:
    """Approve what another person proposed, and write it."""
    path = f"/v1/corrections/{id}/approvals"
    say(ask("POST", settings_with().ledger_url, path, token, {}), as_json=as_json)


@app.command()
def corrections(
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only what waits for approval.")
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the latest corrections: by whom, why, and what they change."""
    from services.ledger.rules.store import correction as correction_store

    status = "proposed" if waiting else None
    papers = run(
        database_url, lambda tx: correction_store.page(tx, status=status, before=None, limit=200)
    )
    if as_json:
        print_json({"corrections": [_paper(one) for one in papers]})
        return
    columns = ("id", "status", "why", "proposed_by", "approved_by", "changes")
    rows = [
        [_text(_paper(one)[name]) for name in columns[:-1]] + [str(len(one.changes))]
        for one in papers
    ]
    print_table("规则订正", columns, rows)


def rules_of(table: RuleTable, token: str) -> list[dict[str, Any]]:
    """Ask the ledger for every version of the rows of a table of rules."""
    answer = ask("GET", settings_with().ledger_url, f"/v1/rules/{table.value}", token)
    rows: list[dict[str, Any]] = answer["items"]
    return rows


def send_rows(table: RuleTable, rows: list[dict[str, Any]], why: str, token: str) -> dict[str, Any]:
    """Propose rows of a table, as the person whose token it is."""
    section = _SECTIONS[table]
    body = {"why": why, section: [_as_sent(row) for row in rows]}
    return ask("POST", settings_with().ledger_url, "/v1/corrections", token, body)


def _as_sent(row: dict[str, Any]) -> dict[str, Any]:
    """Convert a row of the table to the members of the ledger's door."""
    from shared.money import format_rate, format_yuan

    sent = {}
    for name, value in row.items():
        if name.endswith("_ppm"):
            sent[name.removesuffix("_ppm")] = format_rate(value)
        elif name == "yearly_fen":
            sent["yearly"] = format_yuan(value)
        elif name == "class":
            sent["account_class"] = value
        elif name == "funds":
            sent[name] = [] if value.strip() == "*" else value.split()
        else:
            sent[name] = value
    return sent


def say(paper: dict[str, Any], *, as_json: bool) -> None:
    """Print a correction and the next step."""
    if as_json:
        print_json(paper)
        return
    for one in paper["changes"]:
        mark = "~" if one["before"] else "+"
        days = f"{one['after']['in_force_from']} – {one['after']['in_force_to'] or '…'}"
        out.print(f"{mark} {one['table']} {one['name']} {days}", markup=False, highlight=False)
    if paper["approved_by"] is None:
        out.print(f"proposed: {paper['id']}; another person approves it by", markup=False)
        out.print(f"  wuxian ledger rules approve {paper['id']} --token …", markup=False)
    else:
        out.print("written; running services read it within half a minute.", markup=False)


def run(database_url: str | None, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do work on the ledger's schema with the administrator's address."""
    from services.database.administrator import administered
    from shared.errors import Refusal

    with plainly(), administered(settings_with(admin_database_url=database_url)) as url:
        try:
            return asyncio.run(_in_schema(url, work))
        except Refusal as refusal:
            faults = "".join(f"\n  {f.pointer} {f.code} {f.message}" for f in refusal.faults)
            fail(f"{refusal.message}{faults}")


async def _in_schema(url: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    from sqlalchemy.pool import NullPool

    from shared.db import engine_on

    settings = {"search_path": "ledger", "application_name": "wuxian-rules"}
    engine = engine_on(url, server_settings=settings, poolclass=NullPool)
    try:
        async with engine.begin() as tx:
            return await work(tx)
    finally:
        await engine.dispose()


def _read(file: Path, pattern: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the rows of a file; each column has the type of the table's own rows."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    try:
        for number, row in enumerate(rows, 2):
            if set(row) != set(pattern):
                fail(f"{file}:{number}: the columns are {', '.join(pattern)}")
        return [{name: _typed(name, row[name], pattern[name]) for name in pattern} for row in rows]
    except ValueError as error:
        fail(f"{file}: {error}"[:300])


def _typed(name: str, written: str, like: Any) -> Any:
    if name in {"in_force_from", "in_force_to"}:
        return date.fromisoformat(written).isoformat() if written else None
    if name == "parent":
        return written or None
    if isinstance(like, bool):
        return {"true": True, "false": False}.get(written.lower(), written)
    return int(written) if isinstance(like, int) else written


def _paper(paper: Correction) -> dict[str, Any]:
    from services.ledger.rules.schemas import CorrectionOut

    found: dict[str, Any] = CorrectionOut.of(paper).model_dump(mode="json")
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)
