"""Statements that read what a pensioner has, owes and draws of the account, month by month."""

from typing import Final

# Spread over servers, what lies under another key is collected first.
PAID_MONTHS: Final = """
WITH month AS MATERIALIZED (
    SELECT period, amount_fen, claim_key, claim_id
      FROM pension_month
     WHERE person_id = :key AND live),
line AS MATERIALIZED (
    SELECT own.claim_key, own.claim_id, own.line_no, own.reference, own.amount_fen
      FROM (SELECT DISTINCT claim_key, claim_id FROM month WHERE amount_fen > 0) AS claim
      JOIN claim_line AS own
        ON own.claim_key = claim.claim_key AND own.claim_id = claim.claim_id
     WHERE own.person_id = :key),
sent AS MATERIALIZED (
    SELECT line.claim_key, line.claim_id, line.line_no,
           sum(done.amount_fen) FILTER (WHERE done.status = 'paid') AS fen,
           sum(done.amount_fen) FILTER (WHERE done.status IN ('pending', 'unknown'))
               AS pending_fen
      FROM line
      JOIN payment_part AS part
        ON part.claim_key = line.claim_key AND part.claim_id = line.claim_id
      JOIN payment_line AS done
        ON done.batch_key = part.batch_key AND done.batch_id = part.batch_id
       AND done.part_no = part.part_no AND done.claim_line_no = line.line_no
     GROUP BY line.claim_key, line.claim_id, line.line_no)
SELECT month.period,
       CAST(coalesce(sum(month.amount_fen), 0) AS bigint) AS net_fen,
       CAST(coalesce(-sum(month.amount_fen) FILTER (WHERE month.amount_fen < 0), 0) AS bigint)
           AS recovered_fen,
       CAST(coalesce(sum(month.amount_fen - line.amount_fen), 0) AS bigint) AS kept_fen,
       CAST(coalesce(sum(sent.fen), 0) AS bigint) AS cash_fen,
       CAST(coalesce(sum(sent.pending_fen), 0) AS bigint) AS pending_fen
  FROM month
  LEFT JOIN line
    ON line.claim_key = month.claim_key AND line.claim_id = month.claim_id
   AND line.reference = month.period AND month.amount_fen > 0
  LEFT JOIN sent
    ON sent.claim_key = line.claim_key AND sent.claim_id = line.claim_id
   AND sent.line_no = line.line_no
 GROUP BY month.period
"""
COVERED: Final = """
SELECT line.period, CAST(sum(line.amount_fen - line.recovered_fen) AS bigint) AS fen,
       CAST(sum(line.written_off_fen) AS bigint) AS written_off_fen
  FROM recovery_case AS owner
  JOIN recovery_line AS line ON line.case_key = owner.case_key AND line.case_id = owner.id
 WHERE owner.case_key = :key AND owner.status <> 'refused'
 GROUP BY line.period
"""
ASKED: Final = """
SELECT period, CAST(sum(asked_fen) AS bigint) AS fen
  FROM account_draw
 WHERE person_id = :key
 GROUP BY period
"""
