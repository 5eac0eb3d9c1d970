"""SQL of work items, and of the comparison with what the tax bureau collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Receipt
from services.collection.tax.domain.item import ItemKind, ItemStatus, Remedy, TaxItem
from shared.ids import Ref, uuid7s
from shared.page import read_page
from shared.references import Reference

_COLUMNS: Final = """unit_id, id, kind, credit_code, owner, period, insurance, ours_fen, theirs_fen,
       receipt, status, opened_on, remedy, reason, proposed_by, closed_by, closed_at, closed_as"""


def _item(**columns: Any) -> TaxItem:
    columns["kind"] = ItemKind(columns["kind"])
    columns["status"] = ItemStatus(columns["status"])
    columns["remedy"] = columns["remedy"] and Remedy(columns["remedy"])
    return TaxItem(**columns)


async def open_for_receipts(tx: AsyncConnection, receipts: Sequence[Receipt], on: date) -> None:
    """Open an item for each receipt that the bureau collected from a unit in agency mode."""
    known = [(one, one.payer) for one in receipts if one.payer]
    if not known:
        return
    await tx.execute(
        text("""
            INSERT INTO tax_item (unit_id, id, subject, kind, credit_code, owner, period, insurance,
                                  ours_fen, theirs_fen, receipt, status, opened_on)
            SELECT unit_id, id, receipt, 'unit_in_agency_mode', credit_code, owner, period, '', 0,
                   fen, receipt, 'open', :on_day
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:receipts AS text[]), CAST(:codes AS text[]),
                          CAST(:owners AS text[]), CAST(:periods AS text[]),
                          CAST(:amounts AS bigint[]))
                AS batch (unit_id, id, receipt, credit_code, owner, period, fen)
        """),
        {
            "units": [payer.unit_id for _, payer in known],
            "ids": uuid7s(len(known)),
            "receipts": [Ref(one.key, one.id).text(Reference.RECEIPT) for one, _ in known],
            "codes": [payer.credit_code for _, payer in known],
            "owners": [payer.district for _, payer in known],
            "periods": [one.incoming.period for one, _ in known],
            "amounts": [one.incoming.amount_fen for one, _ in known],
            "on_day": on,
        },
    )


# What is assessed here for a period: bills as they were issued, less credits of the month, less what
# came another way than by tax. What the tax bureau collected: its lines. A unit with a whole ticket
# is compared over all insurances together. The lines lie with their tickets, so they are added up by
# unit first.
_COMPARED: Final = """
    WITH taxed AS MATERIALIZED (
         SELECT unit_id, insurance, bool_or(line_no = 0) AS has_whole,
                CAST(sum(amount_fen) FILTER (WHERE party NOT IN ('late_fee', 'interest')) AS bigint)
                    AS fen
           FROM tax_line
          WHERE period = :period AND unit_id IS NOT NULL
          GROUP BY unit_id, insurance),
    whole AS (
         SELECT DISTINCT unit_id FROM taxed WHERE has_whole),
    assessed AS (
         SELECT bill.unit_id, bill.credit_code, bill.district, line.insurance,
                line.amount_fen + line.credited_fen + line.waived_fen
                - coalesce((SELECT sum(paid.amount_fen)
                              FROM allocation AS paid
                              JOIN payment ON payment.unit_id = paid.unit_id
                                          AND payment.event_id = paid.event_id
                             WHERE paid.unit_id = line.unit_id AND paid.bill_id = line.bill_id
                               AND paid.line_no = line.line_no
                               AND (payment.source = 'bank_gateway'
                                    OR starts_with(payment.source, 'bank:'))), 0) AS fen
           FROM bill
           JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
          WHERE bill.period = :period AND bill.kind <> 'charge'
            AND (bill.collector = 'tax'
                 OR bill.unit_id IN (SELECT unit_id FROM taxed))
          UNION ALL
         SELECT credit.unit_id, credit.credit_code, credit.district, credit.insurance,
                -credit.amount_fen
           FROM credit
          WHERE credit.period = :period),
    collected AS (
         SELECT taxed.unit_id, unit.credit_code, unit.district, taxed.insurance, taxed.fen
           FROM taxed
           JOIN unit ON unit.unit_id = taxed.unit_id
          WHERE taxed.fen IS NOT NULL),
    both_sides AS (
         SELECT unit_id, credit_code, district, insurance, fen AS ours, 0 AS theirs FROM assessed
          UNION ALL
         SELECT unit_id, credit_code, district, insurance, 0, fen FROM collected),
    compared AS (
         SELECT side.unit_id, min(side.credit_code) AS credit_code, min(side.district) AS owner,
                CASE WHEN whole.unit_id IS NULL THEN side.insurance ELSE '' END AS insurance,
                CAST(sum(side.ours) AS bigint) AS ours, CAST(sum(side.theirs) AS bigint) AS theirs
           FROM both_sides AS side
           LEFT JOIN whole ON whole.unit_id = side.unit_id
          GROUP BY side.unit_id, CASE WHEN whole.unit_id IS NULL THEN side.insurance ELSE '' END),
    differing AS MATERIALIZED (SELECT * FROM compared WHERE ours <> theirs)
"""
_COUNTED: Final = f"""
    {_COMPARED}
    SELECT count(*) AS compared, count(*) FILTER (WHERE ours <> theirs) AS differing
      FROM compared
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The result of a comparison: compared pairs, and items opened or changed, and closed."""

    compared: int
    differing: int
    opened: int
    closed: int


async def compare(tx: AsyncConnection, period: str, on: date) -> Comparison:
    """Compare a period, and bring its items up to date. An item that two people settled stays closed
    while its amounts are those that they saw."""
    closed = await tx.execute(
        text(f"""
            {_COMPARED}
            UPDATE tax_item
               SET status = 'closed', closed_as = 'equal', closed_at = now()
             WHERE period = :period AND status <> 'closed' AND starts_with(subject, 'month:')
               AND NOT EXISTS (SELECT 1 FROM differing
                                WHERE differing.unit_id = tax_item.unit_id
                                  AND differing.insurance = tax_item.insurance)
            RETURNING id
        """),
        {"period": period},
    )
    opened = await tx.execute(
        text(f"""
            {_COMPARED},
            settled AS (
                 SELECT differing.unit_id, differing.insurance
                   FROM differing
                   JOIN tax_item AS earlier
                     ON earlier.unit_id = differing.unit_id
                    AND earlier.subject = 'month:' || :period || ':' || differing.insurance
                    AND earlier.closed_as = 'settled'
                    AND earlier.ours_fen = differing.ours
                    AND earlier.theirs_fen = differing.theirs)
            INSERT INTO tax_item (unit_id, id, subject, kind, credit_code, owner, period, insurance,
                                  ours_fen, theirs_fen, status, opened_on)
            SELECT unit_id, gen_random_uuid(), 'month:' || :period || ':' || insurance,
                   CASE WHEN theirs = 0 THEN 'only_here' WHEN ours = 0 THEN 'only_at_tax'
                        ELSE 'amount_differs' END,
                   credit_code, owner, :period, insurance, ours, theirs, 'open', :on_day
              FROM differing
             WHERE (unit_id, insurance) NOT IN (SELECT unit_id, insurance FROM settled)
            ON CONFLICT (unit_id, subject) WHERE status <> 'closed'
            DO UPDATE SET kind = excluded.kind, ours_fen = excluded.ours_fen,
                          theirs_fen = excluded.theirs_fen, status = 'open', remedy = NULL,
                          reason = NULL, proposed_by = NULL
                    WHERE (tax_item.ours_fen, tax_item.theirs_fen)
                          <> (excluded.ours_fen, excluded.theirs_fen)
            RETURNING id
        """),
        {"period": period, "on_day": on},
    )
    counts = (await tx.execute(text(_COUNTED), {"period": period})).one()
    return Comparison(
        compared=counts.compared,
        differing=counts.differing,
        opened=len(opened.all()),
        closed=len(closed.all()),
    )


async def find(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> TaxItem | None:
    """Read an item."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM tax_item
                 WHERE unit_id = :unit_id AND id = :id
                {"FOR UPDATE" if lock else ""}
            """),
            {"unit_id": ref.key, "id": ref.id},
        )
    ).one_or_none()
    return None if row is None else _item(**row._mapping)


async def propose(tx: AsyncConnection, ref: Ref, *, remedy: Remedy, reason: str, by: str) -> None:
    """Write down how an item is to be settled."""
    await tx.execute(
        text("""
            UPDATE tax_item
               SET status = 'proposed', remedy = :remedy, reason = :reason, proposed_by = :by
             WHERE unit_id = :unit_id AND id = :id
        """),
        {
            "unit_id": ref.key,
            "id": ref.id,
            "remedy": remedy.value,
            "reason": reason,
            "by": by,
        },
    )


async def close(tx: AsyncConnection, ref: Ref, *, by: str) -> None:
    """Close an item that two people settled."""
    await tx.execute(
        text("""
            UPDATE tax_item
               SET status = 'closed', closed_as = 'settled', closed_by = :by, closed_at = now()
             WHERE unit_id = :unit_id AND id = :id
        """),
        {"unit_id": ref.key, "id": ref.id, "by": by},
    )


async def page(
    tx: AsyncConnection,
    *,
    status: str | None,
    kind: str | None,
    period: str | None,
    owner: str | None,
    after: UUID | None,
    limit: int,
) -> list[TaxItem]:
    """Read items over all units."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM tax_item",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_item,
        equal={"status": status, "kind": kind, "period": period, "owner": owner},
    )
