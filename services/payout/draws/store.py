"""Draws in the database: what months ask of accounts, and the difference to what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.draws.domain import (
    AccountDraw,
    AccountPart,
    DrawnPension,
    RetiredPerson,
    disjoint,
)
from services.payout.entitlements.store.due import AMOUNT, IN_FORCE, NOT_STOPPED
from shared.period import Period

_PART: Final = """
     CROSS JOIN LATERAL (
           SELECT stated.account_fen AS fen
             FROM account_pension AS stated
             JOIN entitlement_change AS paper
               ON paper.change_key = stated.change_key AND paper.id = stated.change_id
              AND paper.status = 'approved'
             JOIN entitlement AS opened
               ON opened.person_id = stated.person_id
              AND opened.identity_blind = stated.identity_blind
              AND opened.in_force_from = stated.since
              AND (opened.suspended_at IS NULL OR opened.suspended_reason = 'raised')
            WHERE stated.person_id = month.person_id
              AND stated.identity_blind = month.identity_blind
              AND stated.since <= month.period
            ORDER BY stated.since DESC, paper.decided_at DESC, stated.change_id DESC
            LIMIT 1) AS part"""
"""Join the account's part of a person's `month`, as its paper says that counts: `part.fen`."""
_DUE: Final = f"""
     CROSS JOIN LATERAL (
           SELECT amount.fen, row.district
             FROM entitlement AS row
             {AMOUNT}
            WHERE row.person_id = month.person_id AND row.identity_blind = month.identity_blind
              AND row.kind = '{BASIC_PENSION}' AND {IN_FORCE} AND {NOT_STOPPED}
            LIMIT 1) AS due"""
"""Join what is due of a person's `month`, and the district that pays it: `due.fen`, `due.district`."""
# What the person has of each `month`: what the bank paid and what an approved run kept back for a debt,
# less what was given back. It is drawn on the day of the first payment. The parts of a month lie with
# the person, their lines with the claims and payments with the batches: each is joined in its turn.
_HELD: Final = f"""paid AS MATERIALIZED (
    SELECT paid.person_id, paid.identity_blind, paid.period, paid.part, paid.amount_fen,
           paid.claim_key, paid.claim_id
      FROM month
      JOIN pension_month AS paid
        ON paid.person_id = month.person_id AND paid.identity_blind = month.identity_blind
       AND paid.kind = '{BASIC_PENSION}' AND paid.period = month.period AND paid.live
), claimed AS MATERIALIZED (
    SELECT paid.*, claim.status,
           CAST(claim.filed_at AT TIME ZONE 'Asia/Shanghai' AS date) AS filed_on
      FROM paid
      JOIN claim ON claim.claim_key = paid.claim_key AND claim.id = paid.claim_id
), line AS MATERIALIZED (
    SELECT claimed.person_id, claimed.identity_blind, claimed.period, line.claim_key,
           line.claim_id, line.line_no,
           CASE WHEN claimed.status = 'approved' THEN claimed.amount_fen - line.amount_fen
                ELSE 0 END AS kept_fen
      FROM claimed
      JOIN claim_line AS line
        ON line.claim_key = claimed.claim_key AND line.claim_id = claimed.claim_id
       AND line.person_id = claimed.person_id AND line.reference = claimed.period
     WHERE claimed.amount_fen > 0
), sent AS MATERIALIZED (
    SELECT line.person_id, line.identity_blind, line.period, done.amount_fen,
           done.paid_booked_on AS booked_on
      FROM line
      JOIN payment_part AS batched
        ON batched.claim_key = line.claim_key AND batched.claim_id = line.claim_id
       AND batched.live
      JOIN payment_line AS done
        ON done.batch_key = batched.batch_key AND done.batch_id = batched.batch_id
       AND done.part_no = batched.part_no AND done.claim_line_no = line.line_no
       AND done.status = 'paid'
), held AS MATERIALIZED (
    SELECT person_id, identity_blind, period, CAST(sum(fen) AS bigint) AS fen,
           coalesce(min(booked_on), min(filed_on)) AS booked_on
      FROM (SELECT person_id, identity_blind, period, least(amount_fen, 0) AS fen,
                   CAST(NULL AS date) AS booked_on, filed_on
              FROM claimed
             UNION ALL
            SELECT person_id, identity_blind, period, kept_fen, NULL, NULL FROM line
             UNION ALL
            SELECT person_id, identity_blind, period, amount_fen, booked_on, NULL FROM sent) AS part
     GROUP BY person_id, identity_blind, period
)"""
_KEEP_IN_STEP: Final = f"""
WITH marked AS (
    SELECT person_id, identity_blind, period
      FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]),
                  CAST(:periods AS text[])) AS mark (person_id, identity_blind, period)
), month AS MATERIALIZED (
    SELECT DISTINCT paid.person_id, paid.identity_blind, paid.period
      FROM marked
      JOIN pension_month AS paid
        ON paid.person_id = marked.person_id AND paid.identity_blind = marked.identity_blind
       AND paid.kind = '{BASIC_PENSION}' AND paid.live AND marked.period IN ('', paid.period)
), {_HELD}, wanted AS MATERIALIZED (
    SELECT month.person_id, month.identity_blind, month.period, month.booked_on AS drawn_on,
           least(part.fen, due.fen, month.fen) AS fen
      FROM held AS month
      {_PART}
      {_DUE}
     WHERE least(part.fen, due.fen, month.fen) > 0
), earlier AS (
    SELECT asked.person_id, asked.identity_blind, asked.period, asked.drawn_on, asked.asked_fen
      FROM marked
      JOIN account_draw AS asked
        ON asked.person_id = marked.person_id AND asked.identity_blind = marked.identity_blind
       AND marked.period IN ('', asked.period)
), difference AS (
    SELECT person_id, identity_blind, period, drawn_on, CAST(sum(fen) AS bigint) AS fen
      FROM (SELECT person_id, identity_blind, period, drawn_on, fen FROM wanted
             UNION ALL
            SELECT person_id, identity_blind, period, drawn_on, -asked_fen FROM earlier) AS both_of
     GROUP BY person_id, identity_blind, period, drawn_on
    HAVING sum(fen) <> 0
)
INSERT INTO account_draw (person_id, identity_blind, period, drawn_on, id, asked_fen)
SELECT person_id, identity_blind, period, drawn_on, CAST(:paper AS uuid), fen
  FROM difference
RETURNING person_id, drawn_on, asked_fen
"""
_DRAWN: Final = f"""
WITH record AS MATERIALIZED (
    SELECT owner_id, person_id
      FROM unnest(CAST(:owner_ids AS bigint[]), CAST(:person_ids AS bigint[]))
        AS record (owner_id, person_id)
), pension AS (
    SELECT record.owner_id, row.person_id, row.identity_blind, min(row.in_force_from) AS since
      FROM record
      JOIN entitlement AS row
        ON row.person_id = record.person_id AND row.kind = '{BASIC_PENSION}'
       AND row.suspended_at IS NULL
     GROUP BY record.owner_id, row.person_id, row.identity_blind
), stated AS MATERIALIZED (
    SELECT pension.owner_id, pension.person_id, pension.identity_blind, pension.since,
           coalesce(pension.since >= min(part.since), false) AS is_known
      FROM pension
      LEFT JOIN account_pension AS part
        ON part.person_id = pension.person_id AND part.identity_blind = pension.identity_blind
     GROUP BY pension.owner_id, pension.person_id, pension.identity_blind, pension.since
), month AS MATERIALIZED (
    SELECT stated.owner_id, stated.person_id, stated.identity_blind,
           to_char(first_day, 'YYYY-MM') AS period
      FROM stated
     CROSS JOIN LATERAL generate_series(to_date(stated.since, 'YYYY-MM'),
                                        to_date(:until, 'YYYY-MM'), interval '1 month') AS first_day
     WHERE stated.is_known
), begun AS MATERIALIZED (
    SELECT district, min(period) AS period
      FROM claim
     WHERE kind = 'pension_run' AND status <> 'refused' AND octet_length(paper_hash) = 0
     GROUP BY district
), asked AS (
    SELECT month.owner_id, count(*) AS months,
           CAST(sum(least(part.fen, due.fen)) AS bigint) AS fen
      FROM month
      {_PART}
      {_DUE}
      JOIN begun ON begun.district = due.district AND begun.period <= month.period
     GROUP BY month.owner_id
), paid AS MATERIALIZED (
    SELECT DISTINCT record.person_id
      FROM record
      JOIN pension_month AS month ON month.person_id = record.person_id AND month.live
)
SELECT record.owner_id, bool_or(stated.owner_id IS NOT NULL) AS has_rows,
       bool_and(coalesce(stated.is_known, true)) AS is_known,
       coalesce(max(asked.fen), 0) AS fen, coalesce(max(asked.months), 0) AS months,
       bool_or(EXISTS (
           SELECT 1
             FROM entitlement_end AS ended
            WHERE ended.person_id = stated.person_id
              AND ended.identity_blind = stated.identity_blind
              AND ended.kind = '{BASIC_PENSION}' AND ended.status = 'approved'
              AND ended.reason = 'death' AND ended.again_from IS NULL)) AS died,
       bool_or(record.person_id IN (SELECT person_id FROM paid)) AS was_paid
  FROM record
  LEFT JOIN stated ON stated.person_id = record.person_id
  LEFT JOIN asked ON asked.owner_id = record.owner_id
 GROUP BY record.owner_id
"""


_RETIRED: Final = f"""
SELECT named.person_id, retired.sealed_number, retired.since,
       CASE WHEN NOT retired.is_open THEN retired.since
            ELSE to_char(to_date(ended.last_period, 'YYYY-MM') + interval '1 month', 'YYYY-MM')
       END AS until
  FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]))
    AS named (person_id, identity_blind)
  JOIN LATERAL (
       SELECT coalesce(min(row.in_force_from) FILTER (WHERE row.suspended_at IS NULL
                                                         OR row.suspended_reason = 'raised'),
                       min(row.in_force_from)) AS since,
              bool_or(row.suspended_at IS NULL) AS is_open,
              (array_agg(row.sealed_number))[1] AS sealed_number
         FROM entitlement AS row
        WHERE row.person_id = named.person_id AND row.identity_blind = named.identity_blind
          AND row.kind = '{BASIC_PENSION}') AS retired ON retired.since IS NOT NULL
  LEFT JOIN LATERAL (
       SELECT min(last_period) AS last_period
         FROM entitlement_end
        WHERE entitlement_end.person_id = named.person_id
          AND entitlement_end.identity_blind = named.identity_blind
          AND entitlement_end.kind = '{BASIC_PENSION}' AND entitlement_end.status = 'approved'
          AND entitlement_end.again_from IS NULL) AS ended ON true
"""


async def insert_parts(tx: AsyncConnection, parts: Sequence[AccountPart]) -> None:
    """Store parts of pensions."""
    if not parts:
        return
    await tx.execute(
        text("""
            INSERT INTO account_pension (person_id, identity_blind, since, change_key, change_id,
                                         account_fen)
            VALUES (:person_id, :blind, :since, :change_key, :change_id, :account_fen)
        """),
        [
            {
                "person_id": part.person_id,
                "blind": part.blind,
                "since": str(part.since),
                "change_key": part.change.key,
                "change_id": part.change.id,
                "account_fen": part.account_fen,
            }
            for part in parts
        ],
    )


async def keep_in_step(
    tx: AsyncConnection, marks: Sequence[tuple[int, bytes, str]], paper: UUID
) -> list[AccountDraw]:
    """Write what marked months ask beyond what was asked, and return it.

    The caller has taken the marks and so holds the draws alone.
    """
    apart = disjoint(marks)
    rows = await tx.execute(
        text(_KEEP_IN_STEP),
        {
            "person_ids": [person_id for person_id, _, _ in apart],
            "blinds": [blind for _, blind, _ in apart],
            "periods": [period for _, _, period in apart],
            "paper": paper,
        },
    )
    return [AccountDraw(row.person_id, row.drawn_on, row.asked_fen) for row in rows]


async def next_number(tx: AsyncConnection) -> int:
    """Return the number of the next message about retired people, greater than all before.

    The caller holds the draws alone, so a later message has read what earlier ones did. The number
    follows the database's clock, and so also grows after the database was restored from a backup.
    """
    instant = await tx.scalar(
        text("SELECT CAST(extract(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)")
    )
    number: int = await tx.scalar(
        text("""
            UPDATE person_gate
               SET number = greatest(number + 1, CAST(:instant AS bigint))
             WHERE name = 'draws'
            RETURNING number
        """),
        {"instant": instant},
    )
    return number


async def retired(tx: AsyncConnection, people: Sequence[tuple[int, bytes]]) -> list[RetiredPerson]:
    """Read since and until when people are retired; a record that was merged never was."""
    rows = await tx.execute(
        text(_RETIRED),
        {
            "person_ids": [person_id for person_id, _ in people],
            "blinds": [blind for _, blind in people],
        },
    )
    return [
        RetiredPerson(
            person_id=row.person_id,
            sealed_number=bytes(row.sealed_number),
            since=row.since,
            until=row.until,
        )
        for row in rows
    ]


async def drawn(
    tx: AsyncConnection, owners: Mapping[int, int], until: Period
) -> dict[int, DrawnPension]:
    """Read what the months due of people, up to a month, ask of their accounts in all.

    A month before the first run of its district was paid elsewhere, and asks nothing here.
    `owners` maps every record to its person.
    """
    rows = await tx.execute(
        text(_DRAWN),
        {
            "owner_ids": list(owners.values()),
            "person_ids": list(owners),
            "until": str(until),
        },
    )
    return {
        row.owner_id: DrawnPension(
            exists=row.has_rows or row.was_paid,
            died=row.died,
            is_known=row.is_known and (row.has_rows or not row.was_paid),
            drawn_fen=row.fen,
            months=row.months,
        )
        for row in rows
    }
