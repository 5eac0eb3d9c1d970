"""The paid, due and covered amounts of people's months, in the database, for a whole district."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.store.due import AMOUNT, IN_FORCE, NOT_STOPPED
from services.payout.recoveries.domain.overpaid import CaseCover, MonthBalance, PaidPart
from shared.ids import Ref
from shared.period import Period

COVERED: Final = """
SELECT owner.case_key, coalesce(owner.survivor_id, owner.case_key) AS person_id,
       owner.identity_blind, owner.id, owner.district, line.line_no, line.period,
       line.amount_fen, line.amount_fen - line.recovered_fen AS covered_fen
  FROM recovery_case AS owner
  JOIN recovery_line AS line ON line.case_key = owner.case_key AND line.case_id = owner.id
 WHERE owner.kind = :kind AND owner.cause = 'overpaid'
   AND owner.status <> 'refused' AND line.amount_fen > line.recovered_fen
"""
"""Lines that cover something of a month; of a closed case what was written off."""

# Only these people can have been paid too much: an end or a suspension became known, a row lowered
# an earlier one, a raise was computed anew, or another record's months were merged into theirs.
# A district's people are those whom it pays.
_SUSPECTS: Final = """
SELECT ended.person_id, ended.identity_blind
  FROM entitlement_end AS ended
 WHERE ended.district = :district AND ended.kind = :kind AND ended.status = 'approved'
 UNION
SELECT row.person_id, row.identity_blind
  FROM entitlement AS row
  JOIN entitlement_suspension AS suspended
    ON suspended.person_id = row.person_id AND suspended.identity_blind = row.identity_blind
   AND suspended.kind = row.kind
 WHERE row.district = :district AND row.kind = :kind AND row.suspended_at IS NULL
 UNION
SELECT row.person_id, row.identity_blind
  FROM entitlement AS row
 WHERE row.district = :district AND row.kind = :kind AND row.suspended_at IS NULL
   AND EXISTS (SELECT 1
                 FROM entitlement AS earlier
                WHERE earlier.person_id = row.person_id
                  AND earlier.identity_blind = row.identity_blind
                  AND earlier.kind = row.kind
                  AND earlier.in_force_from < row.in_force_from
                  AND earlier.monthly_fen > row.monthly_fen
                  AND earlier.suspended_at IS NULL)
 UNION
SELECT row.person_id, row.identity_blind
  FROM entitlement AS row
 WHERE row.district = :district AND row.kind = :kind AND row.base_id IS NOT NULL
   AND row.suspended_reason = 'raised'
 UNION
SELECT row.person_id, row.identity_blind
  FROM entitlement AS row
 WHERE row.district = :district AND row.kind = :kind AND row.suspended_reason = 'recalculated'
 UNION
SELECT row.person_id, row.identity_blind
  FROM person_correction AS merged
  JOIN entitlement AS row ON row.person_id = merged.survivor_id
 WHERE merged.survivor_id <> merged.person_id
   AND row.district = :district AND row.kind = :kind
"""

_PEOPLE_WITH_CASES: Final = """
SELECT person_id, identity_blind
  FROM covered
 WHERE CAST(:district AS text) IS NULL OR district = :district
"""

_MONTHS: Final = f"""
WITH covered AS MATERIALIZED ({COVERED}),
person AS MATERIALIZED ({{people}} UNION {_PEOPLE_WITH_CASES}),
month AS MATERIALIZED (
    SELECT person.person_id, person.identity_blind, paid.period, sum(paid.amount_fen) AS paid_fen,
           coalesce(-sum(paid.amount_fen) FILTER (WHERE paid.amount_fen < 0), 0) AS recovered_fen
      FROM person
      JOIN pension_month AS paid
        ON paid.person_id = person.person_id AND paid.identity_blind = person.identity_blind
       AND paid.kind = :kind AND paid.live
     GROUP BY person.person_id, person.identity_blind, paid.period
), balance AS MATERIALIZED (
    SELECT month.person_id, month.identity_blind, month.period,
           CAST(month.paid_fen AS bigint) AS paid_fen,
           CAST(month.recovered_fen AS bigint) AS recovered_fen,
           coalesce(due.fen, 0) AS due_fen
      FROM month
      LEFT JOIN LATERAL (
           SELECT amount.fen
             FROM entitlement AS row
             {AMOUNT}
            WHERE row.person_id = month.person_id AND row.identity_blind = month.identity_blind
              AND row.kind = :kind AND {IN_FORCE} AND {NOT_STOPPED}
            LIMIT 1) AS due ON true
     WHERE month.paid_fen > coalesce(due.fen, 0)
        OR EXISTS (SELECT 1
                     FROM covered
                    WHERE covered.person_id = month.person_id
                      AND covered.identity_blind = month.identity_blind
                      AND covered.period = month.period)
), part AS MATERIALIZED (
    SELECT balance.person_id, balance.identity_blind, balance.period, balance.due_fen,
           balance.recovered_fen, part.part, part.amount_fen, part.claim_key, part.claim_id
      FROM balance
      JOIN pension_month AS part
        ON part.person_id = balance.person_id AND part.identity_blind = balance.identity_blind
       AND part.kind = :kind AND part.period = balance.period AND part.live AND part.amount_fen > 0
), claimed AS MATERIALIZED (
    SELECT part.*, claim.district, claim.fund, claim.account,
           CAST(extract(YEAR FROM claim.filed_at) AS integer) AS filed_year,
           line.line_no, line.amount_fen AS cash_fen
      FROM part
      JOIN claim ON claim.claim_key = part.claim_key AND claim.id = part.claim_id
      JOIN claim_line AS line
        ON line.claim_key = part.claim_key AND line.claim_id = part.claim_id
       AND line.person_id = part.person_id AND line.reference = part.period
), sent AS MATERIALIZED (
    SELECT claimed.claim_id, claimed.line_no,
           CAST(extract(YEAR FROM max(done.paid_booked_on)) AS integer) AS paid_year,
           CAST(sum(done.amount_fen) AS bigint) AS paid_fen
      FROM (SELECT DISTINCT claim_key, claim_id, line_no FROM claimed) AS claimed
      JOIN payment_part AS batched
        ON batched.claim_key = claimed.claim_key AND batched.claim_id = claimed.claim_id
      JOIN payment_line AS done
        ON done.batch_key = batched.batch_key AND done.batch_id = batched.batch_id
       AND done.part_no = batched.part_no AND done.claim_line_no = claimed.line_no
       AND done.status = 'paid'
     GROUP BY claimed.claim_id, claimed.line_no
)
SELECT claimed.person_id, claimed.identity_blind, claimed.period, claimed.due_fen,
       claimed.recovered_fen, claimed.part, claimed.amount_fen, claimed.claim_key,
       claimed.claim_id, claimed.district, claimed.fund, claimed.account, claimed.filed_year,
       claimed.line_no, claimed.cash_fen, sent.paid_year, coalesce(sent.paid_fen, 0) AS paid_fen
  FROM claimed
  LEFT JOIN sent ON sent.claim_id = claimed.claim_id AND sent.line_no = claimed.line_no
 ORDER BY claimed.person_id, claimed.identity_blind, claimed.period, claimed.part
"""
_ALL: Final = _MONTHS.format(people=_SUSPECTS)
_COVERED_ONLY: Final = _MONTHS.format(people=_PEOPLE_WITH_CASES)

Month = tuple[int, bytes, str]


async def months(tx: AsyncConnection, *, district: str | None, kind: str) -> list[MonthBalance]:
    """Read the months of a district's people that may be overpaid, or that one of its cases covers.

    Of no district: the people with a case of any district. A month of a case of which nothing is
    paid any more is read too.
    """
    values = {"district": district, "kind": kind}
    covers: dict[Month, list[CaseCover]] = defaultdict(list)
    grouped: dict[Month, list[Row[Any]]] = {}
    for row in await tx.execute(text(COVERED), {"kind": kind}):
        place = (row.person_id, bytes(row.identity_blind), row.period)
        covers[place].append(_cover(row))
        if district in {None, row.district}:
            grouped[place] = []
    if district is None and not covers:
        return []
    rows = await tx.execute(text(_ALL if district else _COVERED_ONLY), values)
    for row in rows:
        place = (row.person_id, bytes(row.identity_blind), row.period)
        grouped.setdefault(place, []).append(row)
    return [_month(place, found, covers.get(place, [])) for place, found in grouped.items()]


def _cover(row: Row[Any]) -> CaseCover:
    return CaseCover(
        case=Ref(row.case_key, row.id),
        line_no=row.line_no,
        amount_fen=row.amount_fen,
        covered_fen=row.covered_fen,
    )


def _month(place: Month, rows: list[Row[Any]], covers: list[CaseCover]) -> MonthBalance:
    key, blind, period = place
    return MonthBalance(
        key=key,
        blind=blind,
        period=Period.parse(period),
        due_fen=rows[0].due_fen if rows else 0,
        recovered_fen=rows[0].recovered_fen if rows else 0,
        parts=[_part(row) for row in rows],
        covers=covers,
    )


def _part(row: Row[Any]) -> PaidPart:
    return PaidPart(
        part=row.part,
        claim=Ref(row.claim_key, row.claim_id),
        line_no=row.line_no,
        district=row.district,
        fund=row.fund,
        account=row.account,
        amount_fen=row.amount_fen,
        cash_fen=row.cash_fen,
        paid_fen=row.paid_fen,
        paid_year=row.paid_year,
        filed_year=row.filed_year,
    )


async def people(
    tx: AsyncConnection, keys: list[int], kind: str
) -> dict[tuple[int, bytes], tuple[bytes, bytes]]:
    """Read sealed numbers and names of people by (person, keyed hash)."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (person_id, identity_blind) person_id, identity_blind,
                   sealed_number, name
              FROM entitlement
             WHERE person_id = ANY (CAST(:keys AS bigint[])) AND kind = :kind
             ORDER BY person_id, identity_blind, suspended_at IS NULL DESC, in_force_from DESC
        """),
        {"keys": keys, "kind": kind},
    )
    return {
        (row.person_id, bytes(row.identity_blind)): (bytes(row.sealed_number), bytes(row.name))
        for row in rows
    }
