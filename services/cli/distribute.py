"""`wuxian distribute`: the tables of the services over the servers of an operator's Citus."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.common import (
    AdminUrl,
    AsJson,
    Service,
    fail,
    out,
    plainly,
    print_json,
    print_table,
    settings_with,
)

if TYPE_CHECKING:
    from services.distribution.apply import Report

NOT_CITUS = (
    "This database is an ordinary PostgreSQL, without Citus: nothing is to be distributed, and"
    " nothing was changed."
)


def distribute(
    service: Annotated[Service | None, typer.Argument(help="Only this service.")] = None,
    admin_url: AdminUrl = None,
    shards: Annotated[
        int, typer.Option(min=1, max=1024, help="Number of shards of every group of tables.")
    ] = 32,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Spread the tables over the servers of your own Citus, after `wuxian migrate`.

    A second run spreads what is new. On a PostgreSQL without Citus it does nothing.
    """
    from services.database.administrator import administered
    from services.distribution.apply import distribute as run
    from services.distribution.tables import KEYS

    if service is not None and service.value not in KEYS:
        fail(
            f"the few tables of {service.value} stay at the coordinator; to distribute there are"
            f" {', '.join(KEYS)}",
            2,
        )
    settings = settings_with(admin_database_url=admin_url)
    chosen = [service.value] if service else list(KEYS)
    with plainly(), administered(settings) as url:
        report = asyncio.run(run(url, chosen, shards=shards, dry_run=dry_run))
    if as_json:
        print_json(_in_json(report))
    else:
        _print(report, dry_run=dry_run)
    raise typer.Exit(1 if report.faults else 0)


def _in_json(report: Report) -> dict[str, Any]:
    return {
        "citus": report.is_citus,
        "done": report.is_done,
        "services": {
            one.schema: {
                "places": {table: place.value for table, place in one.places.items()},
                "statements": list(one.statements),
                "rights": list(one.rights),
                "unheld_foreign_keys": [
                    {"table": key.table, "name": key.name, "definition": key.definition}
                    for key in one.unheld
                ],
                "left_out_triggers": [
                    {"table": trigger.table, "name": trigger.name} for trigger in one.left_out
                ],
                "faults": list(one.faults),
            }
            for one in report.plans
        },
    }


def _print(report: Report, *, dry_run: bool) -> None:
    for one in report.plans:
        count = list(one.places.values()).count
        print_table(
            one.schema,
            ["place", "tables"],
            [(place.value, str(count(place))) for place in sorted(set(one.places.values()))],
        )
        if dry_run:
            for statement in (*one.statements, *one.rights):
                out.print(f"  {statement}", soft_wrap=True, markup=False, highlight=False)
        for key in one.unheld:
            sentence = f"  not held by a server: {key.table}: {key.name} {key.definition}"
            out.print(sentence, soft_wrap=True, markup=False, highlight=False)
        for trigger in one.left_out:
            out.print(f"  second lock left out: {trigger.table}: {trigger.name}", highlight=False)
        if not one.faults and not one.statements:
            out.print(f"  {one.schema}: every table is in its place", highlight=False)
    for fault in report.faults:
        out.print(f"fault: {fault}", soft_wrap=True, markup=False, highlight=False)
    if not report.is_citus:
        out.print(NOT_CITUS, soft_wrap=True, highlight=False)
