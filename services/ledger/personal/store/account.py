"""Personal accounts, in sets: thousands of credits a statement, keyed by person.

Crediting touches many persons' keys in one transaction, as a bulk job may: its batch rows make a
repeat a repeat, and a fund's row keeps it apart from the closing of its year.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.personal.domain import (
    TAKEN,
    Bill,
    BroughtMonths,
    Credit,
    InjectionRule,
    RetireeStatus,
)
from services.ledger.personal.store import year as year_store


async def closed_years(
    tx: AsyncConnection, funds: Collection[str], *, alone: bool = False
) -> dict[str, int | None]:
    """Lock the funds' rows and load fund → last closed year: shared for credits, alone for
    closings."""
    await tx.execute(
        text("""
            INSERT INTO personal_fund (fund)
            SELECT fund
              FROM unnest(CAST(:funds AS text[])) AS fund
             ORDER BY fund
            ON CONFLICT (fund) DO NOTHING
        """),
        {"funds": sorted(funds)},
    )
    rows = await tx.execute(
        text(f"""
            SELECT fund, closed_year
              FROM personal_fund
             WHERE fund = ANY(CAST(:funds AS text[]))
             ORDER BY fund
               FOR {"UPDATE" if alone else "SHARE"}
        """),
        {"funds": sorted(funds)},
    )
    return {row.fund: row.closed_year for row in rows}


async def claim(tx: AsyncConnection, bills: Sequence[Bill], by: str) -> frozenset[str]:
    """Write the batch rows of bills; the identifiers of those that nobody had written before."""
    rows = await tx.execute(
        text("""
            INSERT INTO personal_batch (batch_key, kind, id, period, credited_on, body_hash,
                                        corrects, recorded_by)
            SELECT batch_key, kind, id, period, credited_on, body_hash, corrects,
                   CAST(:by AS text)
              FROM unnest(CAST(:keys AS bigint[]), CAST(:kinds AS text[]), CAST(:ids AS text[]),
                          CAST(:periods AS text[]), CAST(:days AS date[]),
                          CAST(:hashes AS bytea[]), CAST(:corrects AS text[]))
                   AS batch (batch_key, kind, id, period, credited_on, body_hash, corrects)
             ORDER BY batch_key, kind, id
            ON CONFLICT (batch_key, kind, id) DO NOTHING
            RETURNING id
        """),
        {
            "keys": [bill.key for bill in bills],
            "kinds": [bill.kind.value for bill in bills],
            "ids": [bill.id for bill in bills],
            "periods": [bill.period for bill in bills],
            "days": [bill.credited_on for bill in bills],
            "hashes": [bill.body_hash for bill in bills],
            "corrects": [bill.corrects for bill in bills],
            "by": by,
        },
    )
    return frozenset(row.id for row in rows)


async def first_hashes(tx: AsyncConnection, bills: Sequence[Bill]) -> dict[str, bytes]:
    """Load bill → hash of the content first credited for it."""
    rows = await tx.execute(
        text("""
            SELECT b.id, b.body_hash
              FROM unnest(CAST(:keys AS bigint[]), CAST(:kinds AS text[]), CAST(:ids AS text[]))
                   AS k (batch_key, kind, id)
              JOIN personal_batch AS b
                ON b.batch_key = k.batch_key AND b.kind = k.kind AND b.id = k.id
        """),
        {
            "keys": [bill.key for bill in bills],
            "kinds": [bill.kind.value for bill in bills],
            "ids": [bill.id for bill in bills],
        },
    )
    return {row.id: bytes(row.body_hash) for row in rows}


async def insert(tx: AsyncConnection, bills: Sequence[Bill]) -> None:
    """Write the credits of bills that were just claimed, and their totals by fund."""
    await year_store.insert_totals(
        tx, [(bill, fund, *sums) for bill in bills for fund, sums in bill.totals().items()]
    )
    flat = [(bill, credit) for bill in bills for credit in bill.credits]
    await tx.execute(
        text("""
            INSERT INTO personal_credit (person_id, fund, kind, period, source, amount_fen,
                                         credited_on)
            SELECT person_id, fund, kind, period, source, amount_fen, credited_on
              FROM unnest(CAST(:persons AS bigint[]), CAST(:funds AS text[]),
                          CAST(:kinds AS text[]), CAST(:periods AS text[]),
                          CAST(:sources AS text[]), CAST(:amounts AS bigint[]),
                          CAST(:days AS date[]))
                   AS batch (person_id, fund, kind, period, source, amount_fen, credited_on)
        """),
        {
            "persons": [credit.person_id for _, credit in flat],
            "funds": [credit.fund for _, credit in flat],
            "kinds": [bill.kind.value for bill, _ in flat],
            "periods": [bill.period for bill, _ in flat],
            "sources": [bill.id for bill, _ in flat],
            "amounts": [credit.amount_fen for _, credit in flat],
            "days": [bill.credited_on for bill, _ in flat],
        },
    )


# --- injections -----------------------------------------------------------------------------


async def injection_rules(tx: AsyncConnection, fund: str) -> list[InjectionRule]:
    """Load the injection rules of a fund."""
    rows = await tx.execute(
        text("""
            SELECT fund, standing, age_from, age_to, yearly_fen, in_force_from, in_force_to, source
              FROM personal_injection_rule
             WHERE fund = :fund
             ORDER BY standing, age_from, in_force_from DESC
             LIMIT 1000
        """),
        {"fund": fund},
    )
    return [
        InjectionRule(**(dict(row._mapping) | {"standing": RetireeStatus(row.standing)}))
        for row in rows
    ]


# What people have of a month, whoever wrote it: they and the records that were merged into them.
_INJECTED: Final = """
WITH record AS MATERIALIZED (
    SELECT person_id, person_id AS record_id
      FROM unnest(CAST(:persons AS bigint[])) AS person_id
     UNION ALL
    SELECT holder_id, person_id
      FROM personal_holder
     WHERE holder_id = ANY(CAST(:persons AS bigint[]))
), injected AS MATERIALIZED (
    SELECT record.person_id, c.fund, SUM(c.amount_fen) AS fen
      FROM record
      JOIN personal_credit AS c
        ON c.person_id = record.record_id AND c.kind = 'injection' AND c.period = :period
     GROUP BY record.person_id, c.fund
    HAVING SUM(c.amount_fen) <> 0)"""


async def inject(
    tx: AsyncConnection, credits: Sequence[Credit], period: str, day: date
) -> tuple[int, list[int]]:
    """Credit a month's injections; return how many were new, and who has another amount.

    A person has one injection a fund and month, by hand or of a run, over all merged records.
    """
    values: dict[str, Any] = {
        "persons": [credit.person_id for credit in credits],
        "funds": [credit.fund for credit in credits],
        "amounts": [credit.amount_fen for credit in credits],
        "period": period,
    }
    rows = await tx.execute(
        text(f"""
            {_INJECTED}
            INSERT INTO personal_credit (person_id, fund, kind, period, source, amount_fen,
                                         credited_on)
            SELECT person_id, fund, 'injection', CAST(:period AS text), 'injection', amount_fen,
                   CAST(:day AS date)
              FROM unnest(CAST(:persons AS bigint[]), CAST(:funds AS text[]),
                          CAST(:amounts AS bigint[])) AS batch (person_id, fund, amount_fen)
             WHERE (person_id, fund) NOT IN (SELECT person_id, fund FROM injected)
             ORDER BY person_id, fund
            ON CONFLICT (person_id, fund, kind, period, source) DO NOTHING
            RETURNING person_id
        """),
        values | {"day": day},
    )
    credited = len(rows.all())
    others = await tx.execute(
        text(f"""
            {_INJECTED}
            SELECT batch.person_id
              FROM unnest(CAST(:persons AS bigint[]), CAST(:funds AS text[]),
                          CAST(:amounts AS bigint[])) AS batch (person_id, fund, amount_fen)
              JOIN injected
                ON injected.person_id = batch.person_id AND injected.fund = batch.fund
             WHERE injected.fen <> batch.amount_fen
        """),
        values,
    )
    return credited, [row.person_id for row in others]


# --- one person -----------------------------------------------------------------------------


async def balance(tx: AsyncConnection, person_ids: Collection[int], fund: str, day: date) -> int:
    """Compute the balance of a person's records in a fund on a day of an open year."""
    rows = await tx.execute(
        text("""
            SELECT COALESCE(MAX(y.closing_fen), 0) + COALESCE(SUM(c.amount_fen), 0) AS balance_fen
              FROM (SELECT 1) AS asked
              LEFT JOIN LATERAL (
                   SELECT year, SUM(closing_fen) AS closing_fen
                     FROM personal_year
                    WHERE person_id = ANY(CAST(:person_ids AS bigint[])) AND fund = :fund
                    GROUP BY year
                    ORDER BY year DESC
                    LIMIT 1) AS y ON true
              LEFT JOIN personal_credit AS c
                ON c.person_id = ANY(CAST(:person_ids AS bigint[])) AND c.fund = :fund
               AND c.credited_on > make_date(COALESCE(y.year, 1), 12, 31)
               AND c.credited_on <= :day
        """),
        {"person_ids": list(person_ids), "fund": fund, "day": day},
    )
    return int(rows.scalar_one())


async def balances(
    tx: AsyncConnection, records: Sequence[tuple[int, int]]
) -> dict[tuple[int, str], int]:
    """Compute (person, fund) → what the person's records hold, over all days.

    `records` are (person, record) pairs.
    """
    rows = await tx.execute(
        text("""
            SELECT owned.person_id, moved.fund, CAST(SUM(moved.fen) AS bigint) AS fen
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:record_ids AS bigint[]))
                AS owned (person_id, record_id)
              JOIN (SELECT person_id, fund, amount_fen AS fen
                      FROM personal_credit
                     WHERE person_id = ANY(CAST(:record_ids AS bigint[]))
                     UNION ALL
                    SELECT person_id, fund, interest_fen
                      FROM personal_year
                     WHERE person_id = ANY(CAST(:record_ids AS bigint[]))) AS moved
                ON moved.person_id = owned.record_id
             GROUP BY owned.person_id, moved.fund
            HAVING SUM(moved.fen) <> 0
        """),
        _pairs(records),
    )
    return {(row.person_id, row.fund): row.fen for row in rows}


async def taken(
    tx: AsyncConnection, records: Sequence[tuple[int, int]]
) -> dict[tuple[int, str], dict[str, int]]:
    """Load (person, fund) → paper → what it has taken from the person's records, in fen above zero.

    `records` are (person, record) pairs.
    """
    rows = await tx.execute(
        text("""
            SELECT owned.person_id, credit.fund, credit.source,
                   CAST(-SUM(credit.amount_fen) AS bigint) AS fen
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:record_ids AS bigint[]))
                AS owned (person_id, record_id)
              JOIN personal_credit AS credit
                ON credit.person_id = owned.record_id AND credit.kind = ANY(:kinds)
             GROUP BY owned.person_id, credit.fund, credit.source
             ORDER BY owned.person_id, credit.fund, credit.source
        """),
        _pairs(records) | {"kinds": [kind.value for kind in TAKEN]},
    )
    found: dict[tuple[int, str], dict[str, int]] = {}
    for row in rows:
        found.setdefault((row.person_id, row.fund), {})[row.source] = row.fen
    return found


async def pensions(
    tx: AsyncConnection, records: Sequence[tuple[int, int]]
) -> dict[tuple[int, str], int]:
    """Sum (person, fund) → what pensions were paid from the person's records.

    `records` are (person, record) pairs.
    """
    rows = await tx.execute(
        text("""
            SELECT owned.person_id, credit.fund, CAST(-SUM(credit.amount_fen) AS bigint) AS fen
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:record_ids AS bigint[]))
                AS owned (person_id, record_id)
              JOIN personal_credit AS credit
                ON credit.person_id = owned.record_id AND credit.kind = 'pension'
             GROUP BY owned.person_id, credit.fund
        """),
        _pairs(records),
    )
    return {(row.person_id, row.fund): row.fen for row in rows}


def _pairs(records: Sequence[tuple[int, int]]) -> dict[str, Any]:
    return {
        "person_ids": [person_id for person_id, _ in records],
        "record_ids": [record_id for _, record_id in records],
    }


async def years(
    tx: AsyncConnection, person_ids: Collection[int], first: int, last: int
) -> list[dict[str, Any]]:
    """Load the closed years of a person's records, added up, oldest first."""
    rows = await tx.execute(
        text("""
            SELECT fund, year, CAST(SUM(opening_fen) AS bigint) AS opening_fen,
                   CAST(SUM(interest_fen) AS bigint) AS interest_fen,
                   CAST(SUM(closing_fen) AS bigint) AS closing_fen
              FROM personal_year
             WHERE person_id = ANY(CAST(:person_ids AS bigint[])) AND year BETWEEN :first AND :last
             GROUP BY fund, year
             ORDER BY fund, year
             LIMIT 1000
        """),
        {"person_ids": list(person_ids), "first": first, "last": last},
    )
    return [dict(row) for row in rows.mappings()]


async def brought(tx: AsyncConnection, person_ids: Collection[int]) -> list[BroughtMonths]:
    """Load the years paid in other cities, as their letters stated them; none of a reversed one."""
    rows = await tx.execute(
        text("""
            SELECT fund, paper, year, months, base_fen
              FROM personal_brought
             WHERE person_id = ANY(CAST(:person_ids AS bigint[]))
               AND NOT EXISTS (
                   SELECT 1
                     FROM personal_brought_void AS void
                    WHERE void.person_id = personal_brought.person_id
                      AND void.fund = personal_brought.fund
                      AND void.paper = personal_brought.paper)
             ORDER BY fund, year, paper
             LIMIT 1000
        """),
        {"person_ids": list(person_ids)},
    )
    return [BroughtMonths(**row._mapping) for row in rows]


async def sums_by_year(
    tx: AsyncConnection, person_ids: Collection[int], last: int
) -> list[dict[str, Any]]:
    """Sum the credits of a person's records by fund, year and kind, from the beginning to a year."""
    rows = await tx.execute(
        text("""
            SELECT fund, CAST(EXTRACT(YEAR FROM credited_on) AS integer) AS year, kind,
                   CAST(SUM(amount_fen) AS bigint) AS amount_fen
              FROM personal_credit
             WHERE person_id = ANY(CAST(:person_ids AS bigint[]))
               AND credited_on <= make_date(:last, 12, 31)
             GROUP BY fund, 2, kind
             ORDER BY fund, 2, kind
             LIMIT 10000
        """),
        {"person_ids": list(person_ids), "last": last},
    )
    return [dict(row) for row in rows.mappings()]
