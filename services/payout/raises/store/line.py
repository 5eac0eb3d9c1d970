"""Raises in the database: one set operation writes who is raised, and the rows that pay it.

A registered row (基础行) is one with an amount that no raise wrote. A raise has a line for every registered row
that it raises: the amount before it, which is the row's own or that after the raise before it in
order, and the amount after it. From the lines follow the raised rows: one from each month in which
the amount of a registered row changes. Rows that no longer follow are suspended as `raised`, never
changed. A row that moved the person to another district has no amount of its own: it takes the
raised one, and a raised row is of the district that pays in its first month. Every statement may be
repeated and then writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.entitlement import SuspensionReason
from services.payout.raises.domain.pension_raise import PensionRaise
from services.payout.raises.domain.rule import SHARE
from services.payout.raises.store import rule_json
from shared.references import Reference

_ID: Final = """CAST(encode(set_byte(overlay(uuid_send(gen_random_uuid()) PLACING substring(
           int8send(CAST(extract(EPOCH FROM CAST(:at AS timestamptz)) * 1000 AS bigint)) FROM 3)
           FROM 1 FOR 6), 6, 112 + get_byte(uuid_send(gen_random_uuid()), 0) % 16), 'hex') AS uuid)"""
"""A new uuid that sorts by the instant of the operation, as `shared.ids.uuid7` makes them."""

_BASES: Final = """
    SELECT row.person_id, row.id, row.identity_blind, row.kind, row.in_force_from,
           row.monthly_fen, row.registered_at,
           lead(row.in_force_from) OVER person AS until,
           first_value(row.in_force_from) OVER person AS first_from
      FROM entitlement AS row
     WHERE row.kind = :kind AND row.base_id IS NULL AND NOT row.moved
       AND (row.suspended_at IS NULL OR row.suspended_reason = 'raised')
       AND (CAST(:person_ids AS bigint[]) IS NULL
            OR row.person_id = ANY (CAST(:person_ids AS bigint[])))
    WINDOW person AS (PARTITION BY row.person_id, row.identity_blind
                          ORDER BY row.in_force_from
                           ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"""
"""Registered rows with the months in which they count."""

_COMPUTED: Final = f"""
WITH part AS MATERIALIZED (
    SELECT *
      FROM jsonb_to_recordset(CAST(:groups AS jsonb))
        AS part (code text, born_from text, born_to text, retired_from text, retired_to text,
                 paid_months_from int, paid_months_to int, fixed_fen bigint, per_year_fen bigint,
                 percent_ppm bigint, floor_fen bigint, cap_fen bigint)
), base AS ({_BASES}
), target AS (
    SELECT base.person_id, base.identity_blind, base.id AS base_id,
           greatest(base.in_force_from, :first_period) AS begins, fact.born_in, fact.retired_in,
           fact.paid_months, coalesce(before.after_fen, base.monthly_fen) AS before_fen,
           CASE CAST(:years AS text)
                WHEN 'up' THEN (fact.paid_months + 11) / 12 * 12
                WHEN 'down' THEN fact.paid_months / 12 * 12
                ELSE fact.paid_months END AS counted
      FROM base
      LEFT JOIN pension_fact AS fact
        ON fact.person_id = base.person_id AND fact.identity_blind = base.identity_blind
       AND fact.kind = base.kind AND fact.is_current
      LEFT JOIN LATERAL (
           SELECT line.after_fen
             FROM raise_line AS line
            WHERE line.person_id = base.person_id AND line.base_id = base.id AND line.live
              AND (line.first_period, line.sequence)
                  < (CAST(:first_period AS text), CAST(:sequence AS int))
            ORDER BY line.first_period DESC, line.sequence DESC
            LIMIT 1) AS before ON true
     WHERE (base.until IS NULL OR base.until > :first_period)
       AND (base.in_force_from < :first_period
            OR (base.registered_at < :approved_at
                AND (base.first_from < :first_period OR fact.retired_in < :first_period)))
), summed AS (
    SELECT target.person_id, target.identity_blind, target.base_id, target.begins, target.born_in,
           target.retired_in, target.paid_months, target.before_fen,
           array_agg(part.code ORDER BY part.code) AS groups,
           greatest(sum(least(greatest(
               part.fixed_fen * {SHARE}
               + part.per_year_fen * coalesce(target.counted, 0) * {SHARE // 12}
               + target.before_fen * part.percent_ppm * 12,
               part.floor_fen * {SHARE}), part.cap_fen * {SHARE})),
               CAST(:floor_fen AS bigint) * {SHARE}) AS whole
      FROM target
      JOIN part
        ON (part.born_from IS NULL OR target.born_in >= part.born_from)
       AND (part.born_to IS NULL OR target.born_in <= part.born_to)
       AND (part.retired_from IS NULL OR target.retired_in >= part.retired_from)
       AND (part.retired_to IS NULL OR target.retired_in <= part.retired_to)
       AND (part.paid_months_from IS NULL OR target.paid_months >= part.paid_months_from)
       AND (part.paid_months_to IS NULL OR target.paid_months <= part.paid_months_to)
       AND (part.per_year_fen = 0 OR target.paid_months IS NOT NULL)
     GROUP BY target.person_id, target.identity_blind, target.base_id, target.begins,
              target.born_in, target.retired_in, target.paid_months, target.before_fen
), computed AS (
    SELECT summed.*,
           greatest(before_fen + CAST(:unit_fen AS bigint) * CAST(div(
               least(whole, CAST(:cap_fen AS bigint) * {SHARE})
               + CASE CAST(:mode AS text) WHEN 'up' THEN CAST(:unit_fen AS bigint) * {SHARE} - 1
                      WHEN 'half_up' THEN CAST(:unit_fen AS bigint) * {SHARE // 2} ELSE 0 END,
               CAST(:unit_fen AS bigint) * {SHARE}) AS bigint),
               CAST(:least_fen AS bigint)) AS after_fen
      FROM summed
)
"""

_REPLACE: Final = f"""{_COMPUTED}
UPDATE raise_line AS line
   SET live = false
 WHERE line.raise_id = :raise_id AND line.live
   AND (CAST(:person_ids AS bigint[]) IS NULL
        OR line.person_id = ANY (CAST(:person_ids AS bigint[])))
   AND NOT EXISTS (
           SELECT 1
             FROM computed
            WHERE computed.person_id = line.person_id AND computed.base_id = line.base_id
              AND computed.begins = line.begins AND computed.before_fen = line.before_fen
              AND computed.after_fen = line.after_fen AND computed.groups = line.groups)
"""

_WRITE: Final = f"""{_COMPUTED}
INSERT INTO raise_line (person_id, id, identity_blind, kind, base_id, raise_key, raise_id,
                        first_period, sequence, begins, groups, born_in, retired_in, paid_months,
                        before_fen, after_fen, written_at)
SELECT person_id, {_ID}, identity_blind, CAST(:kind AS text), base_id,
       CAST(:raise_key AS bigint), CAST(:raise_id AS uuid), CAST(:first_period AS text),
       CAST(:sequence AS int), begins, groups, born_in, retired_in, paid_months, before_fen,
       after_fen, CAST(:at AS timestamptz)
  FROM computed
ON CONFLICT (person_id, base_id, raise_id) WHERE live DO NOTHING
"""


async def write_lines(
    tx: AsyncConnection,
    paper: PensionRaise,
    *,
    approved_at: datetime,
    at: datetime,
    person_ids: Sequence[int] | None,
    again: bool,
) -> None:
    """Write a raise's line of every registered row that it raises; of some people, or of all.

    A registered row is raised when it begins before the raise, and also when it begins later in
    the months of the raise, was registered before `approved_at`, and is of one who was retired
    before the raise. `again` replaces lines that no longer hold; a first time has none.
    """
    rule = paper.rule
    values = {
        "kind": paper.kind,
        "person_ids": None if person_ids is None else list(person_ids),
        "groups": orjson.dumps(rule_json.dumped(rule)["groups"]).decode(),
        "years": rule.years.value,
        "first_period": str(paper.first_period),
        "sequence": paper.sequence,
        "approved_at": approved_at,
        "floor_fen": rule.floor_fen,
        "cap_fen": rule.cap_fen,
        "least_fen": rule.least_fen,
        "unit_fen": rule.rounding.unit_fen,
        "mode": rule.rounding.mode.value,
        "raise_id": paper.ref.id,
    }
    if again:
        await tx.execute(text(_REPLACE), values)
    await tx.execute(text(_WRITE), values | {"raise_key": paper.ref.key, "at": at})


# A line of a row that ends before it begins is replaced by the next run: it pays nothing until then.
_EXPECTED: Final = f"""
WITH base AS ({_BASES}
), expected AS (
    SELECT DISTINCT ON (line.person_id, line.base_id, line.begins)
           line.person_id, line.identity_blind, line.base_id, line.begins, line.after_fen,
           line.raise_id
      FROM base
      JOIN raise_line AS line
        ON line.person_id = base.person_id AND line.base_id = base.id AND line.live
       AND (base.until IS NULL OR line.begins < base.until)
     ORDER BY line.person_id, line.base_id, line.begins, line.first_period DESC, line.sequence DESC
)
"""

# Two joins, not one condition with a choice in it: the planner makes no join of a choice.
_SUSPEND: Final = f"""{_EXPECTED}, gone AS (
    SELECT row.person_id, row.id
      FROM expected
      JOIN entitlement AS row
        ON row.person_id = expected.person_id AND row.identity_blind = expected.identity_blind
       AND row.in_force_from = expected.begins
     WHERE row.kind = :kind AND row.base_id IS NULL AND row.suspended_at IS NULL
     UNION ALL
    SELECT row.person_id, row.id
      FROM entitlement AS row
      LEFT JOIN expected
        ON expected.person_id = row.person_id AND expected.base_id = row.base_id
       AND expected.begins = row.in_force_from AND expected.after_fen = row.monthly_fen
     WHERE row.kind = :kind AND row.base_id IS NOT NULL AND row.suspended_at IS NULL
       AND expected.person_id IS NULL
       AND (CAST(:person_ids AS bigint[]) IS NULL
            OR row.person_id = ANY (CAST(:person_ids AS bigint[])))
)
UPDATE entitlement AS row
   SET suspended_reason = '{SuspensionReason.RAISED}', suspended_by = :paper,
       suspended_at = CAST(:at AS timestamptz)
  FROM gone
 WHERE row.person_id = gone.person_id AND row.id = gone.id
"""

_REVIVE: Final = f"""{_EXPECTED}
UPDATE entitlement AS row
   SET suspended_reason = NULL, suspended_by = NULL, suspended_at = NULL
 WHERE row.kind = :kind AND row.base_id IS NULL
   AND row.suspended_reason = '{SuspensionReason.RAISED}'
   AND (CAST(:person_ids AS bigint[]) IS NULL
        OR row.person_id = ANY (CAST(:person_ids AS bigint[])))
   AND NOT EXISTS (SELECT 1 FROM expected
                    WHERE expected.person_id = row.person_id
                      AND expected.identity_blind = row.identity_blind
                      AND expected.begins = row.in_force_from)
"""

_RAISE: Final = f"""{_EXPECTED}, payer AS (
    SELECT row.person_id, row.identity_blind, row.district, row.in_force_from,
           lead(row.in_force_from) OVER (PARTITION BY row.person_id, row.identity_blind
                                             ORDER BY row.in_force_from) AS until
      FROM entitlement AS row
     WHERE row.kind = :kind AND row.base_id IS NULL
       AND (row.suspended_at IS NULL OR row.suspended_reason = 'raised')
       AND (CAST(:person_ids AS bigint[]) IS NULL
            OR row.person_id = ANY (CAST(:person_ids AS bigint[])))
)
INSERT INTO entitlement (person_id, id, identity_blind, kind, district, sealed_number, name,
                         monthly_fen, bank, bank_number, bank_holder, in_force_from,
                         registered_by, registered_at, known_at, change_key, change_id, base_id,
                         raise_id)
SELECT base.person_id, {_ID}, base.identity_blind, base.kind, payer.district, base.sealed_number,
       base.name, expected.after_fen, base.bank, base.bank_number, base.bank_holder,
       expected.begins, CAST(:paper AS text), CAST(:at AS timestamptz), CAST(:at AS timestamptz),
       base.change_key, base.change_id, base.id, expected.raise_id
  FROM expected
  JOIN entitlement AS base
    ON base.person_id = expected.person_id AND base.id = expected.base_id
  JOIN payer
    ON payer.person_id = expected.person_id AND payer.identity_blind = expected.identity_blind
   AND payer.in_force_from <= expected.begins
   AND (payer.until IS NULL OR payer.until > expected.begins)
 WHERE NOT EXISTS (SELECT 1
                     FROM entitlement AS row
                    WHERE row.person_id = expected.person_id AND row.base_id = expected.base_id
                      AND row.in_force_from = expected.begins AND row.suspended_at IS NULL)
"""

# A row that was moved has the amount of the row before it, which is a new one now.
_KNOW_MOVED: Final = """
UPDATE entitlement AS row
   SET known_at = CAST(:at AS timestamptz)
  FROM entitlement AS fresh
 WHERE fresh.kind = :kind AND fresh.known_at = CAST(:at AS timestamptz)
   AND fresh.base_id IS NOT NULL AND fresh.suspended_at IS NULL
   AND row.person_id = fresh.person_id AND row.identity_blind = fresh.identity_blind
   AND row.kind = fresh.kind AND row.moved AND row.suspended_at IS NULL
   AND row.in_force_from > fresh.in_force_from
"""


async def write_rows(
    tx: AsyncConnection,
    paper: PensionRaise,
    *,
    at: datetime,
    person_ids: Sequence[int] | None,
    again: bool,
) -> None:
    """Write the raised rows that follow from the lines, and suspend those that do not.

    `paper` is the raise that made the change. New rows become known at `at`, so the next run pays
    the arrears of months that have a run already. `again` lets registered rows count that no line
    raises any more; another raise takes no line away.
    """
    values: dict[str, Any] = {
        "kind": paper.kind,
        "paper": paper.ref.text(Reference.PENSION_RAISE),
        "at": at,
        "person_ids": None if person_ids is None else list(person_ids),
    }
    await tx.execute(text(_SUSPEND), values)
    if again:
        await tx.execute(text(_REVIVE), {name: values[name] for name in ("kind", "person_ids")})
    await tx.execute(text(_RAISE), values)
    await tx.execute(text(_KNOW_MOVED), {"kind": paper.kind, "at": at})


_BEHIND: Final = """
SELECT row.person_id
  FROM pension_raise AS paper
  JOIN entitlement AS row
    ON row.kind = paper.kind AND row.district = :district
   AND row.registered_at > paper.decided_at AND row.in_force_from < paper.first_period
 WHERE paper.kind = :kind AND paper.status = 'approved' AND row.base_id IS NULL
   AND NOT row.moved AND (row.suspended_at IS NULL OR row.suspended_reason = 'raised')
   AND NOT EXISTS (SELECT 1
                     FROM raise_line AS line
                    WHERE line.person_id = row.person_id AND line.base_id = row.id
                      AND line.raise_id = paper.id AND line.live)
 UNION
SELECT line.person_id
  FROM entitlement AS old
  JOIN raise_line AS line
    ON line.person_id = old.person_id AND line.base_id = old.id AND line.live
 WHERE old.kind = :kind AND old.district = :district
   AND old.suspended_reason = 'recalculated'
 LIMIT 100000
"""


async def people_behind(tx: AsyncConnection, kind: str, district: str) -> list[int]:
    """Find people of a district whose rows from before a raise became known, or right, after it."""
    rows = await tx.execute(text(_BEHIND), {"kind": kind, "district": district})
    return [row.person_id for row in rows]
