"""`wuxian ledger slots`: list the slots of the books, and let their number grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.common import AsJson, DatabaseUrl, fail, plainly, print_json, print_table
from services.cli.identity import operator
from services.cli.ledger.books import with_database

if TYPE_CHECKING:
    from services.ledger.chain.flows.growth import SlotSummary
    from shared.db import Database


def slots(
    add: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Add so many slots for new owners; owners with vouchers stay where they are."
            " Cannot be taken back.",
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the slots of the books; with --add let their number grow, while the ledger works.

    The ledger stops for the moment in which the new slots begin; every process notices by itself. What
    was sent in that moment is answered 503 and sent again: nothing is booked twice. On one PostgreSQL
    two slots are fastest: add some before the ledger is distributed (docs/scale-out.md).
    """
    from services.ledger.chain.flows import growth as growth_flow

    async def work(db: Database) -> list[SlotSummary]:
        if add is not None:
            await growth_flow.grow(db, add, operator())
        return await db.run(growth_flow.summaries)

    with plainly():
        try:
            found = with_database(database_url, work)
        except growth_flow.GrowthRefused as refused:
            fail(str(refused))
    rows = [(one.slot, one.generation, one.seq, one.owners) for one in found]
    names = ("slot", "generation", "seq", "owners")
    if as_json:
        print_json({"items": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    print_table("记账单元 Slots", names, [[str(value) for value in row] for row in rows])
