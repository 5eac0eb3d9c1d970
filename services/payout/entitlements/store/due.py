"""The rule of what is due: which person's month, under which row, and how much of it is unpaid.

It looks at the months of the facts and never at when they became known, so facts may become known in
any order. It is SQL, because a run, the arrears of a raise and the report of completeness read it for
a whole district at once. All of them read it here.
"""

from __future__ import annotations

from typing import Final

IN_FORCE: Final = """
       row.in_force_from <= month.period AND row.suspended_at IS NULL
       AND NOT EXISTS (
               SELECT 1
                 FROM entitlement AS later
                WHERE later.person_id = row.person_id
                  AND later.identity_blind = row.identity_blind
                  AND later.kind = row.kind
                  AND later.in_force_from > row.in_force_from
                  AND later.in_force_from <= month.period
                  AND later.suspended_at IS NULL)"""
"""True for the row of a person that counts in `month.period`: the latest that has begun."""

NOT_STOPPED: Final = """
       NOT EXISTS (
               SELECT 1
                 FROM entitlement_end AS ended
                WHERE ended.person_id = row.person_id
                  AND ended.identity_blind = row.identity_blind
                  AND ended.kind = row.kind
                  AND ended.status = 'approved'
                  AND ended.last_period < month.period
                  AND (ended.again_from IS NULL OR ended.again_from > month.period))
       AND NOT EXISTS (
               SELECT 1
                 FROM entitlement_suspension AS suspended
                WHERE suspended.person_id = row.person_id
                  AND suspended.identity_blind = row.identity_blind
                  AND suspended.kind = row.kind
                  AND suspended.since <= month.period
                  AND (suspended.until IS NULL OR suspended.until > month.period))"""
"""True unless `month.period` lies after an end of the person of `row`, or in a suspension."""

AMOUNT: Final = """
     CROSS JOIN LATERAL (
           SELECT CASE WHEN NOT row.moved THEN row.monthly_fen ELSE (
                       SELECT own.monthly_fen
                         FROM entitlement AS own
                        WHERE own.person_id = row.person_id
                          AND own.identity_blind = row.identity_blind AND own.kind = row.kind
                          AND own.in_force_from < row.in_force_from
                          AND own.suspended_at IS NULL AND NOT own.moved
                        ORDER BY own.in_force_from DESC
                        LIMIT 1) END AS fen) AS amount"""
"""Join the amount of a row: `amount.fen`, of one that was moved that of the row before it."""

PAID: Final = """
      LEFT JOIN LATERAL (
           SELECT CAST(sum(amount_fen) FILTER (WHERE live) AS bigint) AS fen,
                  max(part) AS part
             FROM pension_month
            WHERE pension_month.person_id = row.person_id
              AND pension_month.identity_blind = row.identity_blind
              AND pension_month.kind = row.kind
              AND pension_month.period = month.period) AS paid ON true"""
"""Join what any run pays of the person's month: `paid.fen`, and its last part."""

ROOM: Final = f"""
     CROSS JOIN LATERAL (
           SELECT coalesce((
                      SELECT amount.fen
                        FROM entitlement AS row
                        {AMOUNT}
                       WHERE row.person_id = month.person_id
                         AND row.identity_blind = month.identity_blind
                         AND row.kind = month.kind AND {IN_FORCE} AND {NOT_STOPPED}
                       LIMIT 1), 0)
                  - coalesce(CAST(sum(CASE WHEN part.amount_fen < 0 THEN part.amount_fen
                                      ELSE part.amount_fen - line.amount_fen
                                           + coalesce(sent.fen, 0) END) AS bigint), 0) AS fen
             FROM pension_month AS part
             LEFT JOIN claim_line AS line
               ON line.claim_key = part.claim_key AND line.claim_id = part.claim_id
              AND line.person_id = part.person_id AND line.reference = part.period
            CROSS JOIN LATERAL (
                  SELECT sum(paid.amount_fen) AS fen
                    FROM payment_part AS batched
                    JOIN payment_line AS paid
                      ON paid.batch_key = batched.batch_key AND paid.batch_id = batched.batch_id
                     AND paid.part_no = batched.part_no
                   WHERE batched.claim_key = part.claim_key
                     AND batched.claim_id = part.claim_id AND batched.live
                     AND paid.claim_line_no = line.line_no
                     AND paid.status NOT IN ('refused', 'returned')) AS sent
            WHERE part.person_id = month.person_id
              AND part.identity_blind = month.identity_blind AND part.kind = month.kind
              AND part.period = month.period AND part.live) AS room"""
"""Join what may still be paid of the person's `month`: `room.fen`.

It is what is due, less what the person has, which is what the bank paid or is to pay and what was
kept back for a debt, plus what the person gave back.
"""
