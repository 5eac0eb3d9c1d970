"""Lines of a pension run, and what was paid of each person's months."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.claims.domain.run import RunScope
from services.payout.entitlements.store.due import AMOUNT, IN_FORCE, NOT_STOPPED, PAID, UNTOUCHED
from services.payout.recoveries.store.deduction import DEBTS, KEPT
from shared.ids import Ref
from shared.period import Period

_ROW = """row.person_id, row.id, row.identity_blind, row.kind, row.name, row.bank, row.bank_number,
           row.bank_holder, row.sealed_number"""
_WRITE_LINES = f"""
WITH {DEBTS}, run AS MATERIALIZED (
    SELECT period, filed_at
      FROM claim
     WHERE kind = 'pension_run' AND district = :district AND status <> 'refused'
       AND octet_length(paper_hash) = 0
), candidate AS MATERIALIZED (
    SELECT {_ROW}, month.period, amount.fen
      FROM (SELECT CAST(:period AS text) AS period,
                   CAST('-infinity' AS timestamptz) AS filed_at
             WHERE CAST(:own_month AS boolean)
             UNION ALL
            SELECT period, filed_at
              FROM run
             WHERE period < CAST(:period AS text)
                OR (period = CAST(:period AS text) AND NOT CAST(:own_month AS boolean))
           ) AS month
      JOIN entitlement AS row
        ON row.kind = :kind AND row.district = :district
       AND row.known_at > month.filed_at
      {AMOUNT}
     WHERE {IN_FORCE}
       AND {NOT_STOPPED}
), {PAID}, due AS MATERIALIZED (
    SELECT row.person_id, row.id, row.identity_blind, row.name,
           coalesce(changed.bank, row.bank) AS bank,
           coalesce(changed.bank_number, row.bank_number) AS bank_number,
           coalesce(changed.bank_holder, row.bank_holder) AS bank_holder,
           row.sealed_number, row.period, row.amount_fen, row.part
      FROM (SELECT {_ROW.replace("row.", "")}, period, fen AS amount_fen, 1 AS part
              FROM candidate
             WHERE {UNTOUCHED}
             UNION ALL
            SELECT {_ROW}, paid.period, paid.open_fen, paid.part + 1
              FROM paid
              JOIN entitlement AS row
                ON row.person_id = paid.person_id AND row.id = paid.id
             WHERE paid.open_fen > 0) AS row
      LEFT JOIN LATERAL (
           SELECT bank, bank_number, bank_holder
             FROM entitlement_account AS account
            WHERE account.person_id = row.person_id
              AND account.identity_blind = row.identity_blind
              AND account.kind = row.kind
              AND (NOT account.held OR account.known_at < (SELECT max(filed_at) FROM run))
            ORDER BY account.known_at DESC, account.id DESC
            LIMIT 1) AS changed ON true
), taken AS (
    INSERT INTO pension_month (person_id, identity_blind, kind, period, part,
                               amount_fen, claim_key, claim_id)
    SELECT person_id, identity_blind, CAST(:kind AS text), period, part,
           amount_fen, CAST(:claim_key AS bigint), CAST(:claim_id AS uuid)
      FROM due
     ORDER BY person_id, period
), written AS (
    INSERT INTO claim_line (claim_key, claim_id, line_no, payee_name, bank,
                            bank_number, bank_holder, amount_fen, reference,
                            person_id, sealed_number)
    SELECT CAST(:claim_key AS bigint), CAST(:claim_id AS uuid),
           row_number() OVER (ORDER BY due.period < CAST(:period AS text),
                              due.person_id, due.period, due.id),
           due.name, due.bank, due.bank_number, due.bank_holder, due.amount_fen - kept.fen,
           due.period, due.person_id, due.sealed_number
      FROM due
      {KEPT}
)
SELECT count(*) AS lines, CAST(coalesce(sum(due.amount_fen - kept.fen), 0) AS bigint) AS total_fen
  FROM due
  {KEPT}
"""


async def write_lines(
    tx: AsyncConnection,
    ref: Ref,
    *,
    kind: str,
    fund: str,
    district: str,
    period: Period,
    scope: RunScope = RunScope.MONTH,
) -> tuple[int, int]:
    """Write a pension run: a line for every month of a person that is due and not yet paid.

    The run of a month has an empty paper hash. Runs of arrears have one each: they run no month.

    Considered are the run's own month, and earlier months of which this district has a run
    already, for rows of which something became known after that run: a late registration, a raise,
    a resumption. Of a person's rows, the latest that has begun in a month counts; its district
    pays; one that was moved has the amount of the row before it. No month is due that lies in a
    suspension or after an end (`entitlements.store.due`). A month is due up to its amount less what
    any run has paid of it. The caller holds `lock_pensions` alone, so one of two runs at once pays
    it, and the key of `pension_month` would refuse the other. The money goes to the person's latest
    account; one that is held is used by the second run of a month after it became known. What recovery cases
    keep back of the run's own month is not paid, and the month counts whole.

    Returns the number of lines and their sum in fen.
    """
    row = (
        await tx.execute(
            text(_WRITE_LINES),
            {
                "claim_key": ref.key,
                "claim_id": ref.id,
                "kind": kind,
                "fund": fund,
                "district": district,
                "period": str(period),
                "own_month": scope is RunScope.MONTH,
            },
        )
    ).one()
    return row.lines, row.total_fen


async def release(tx: AsyncConnection, claim: Ref, instant: datetime) -> None:
    """Release the months of a refused run; another run may pay them.

    The next run of the same month finds its own people by itself. A month of an earlier run, or of a
    person who has moved to another district since, is found by what became known after that run:
    such people become known anew at `instant`. The caller holds `lock_pensions` alone.
    """
    await tx.execute(
        text("""
            WITH run AS (
                SELECT district, period FROM claim WHERE claim_key = :claim_key AND id = :claim_id
            ), month AS (
                SELECT person_id, identity_blind, kind, period
                  FROM pension_month
                 WHERE claim_id = :claim_id AND claim_key = :claim_key AND live
            )
            UPDATE entitlement AS row
               SET known_at = CAST(:instant AS timestamptz)
              FROM month, run
             WHERE row.person_id = month.person_id AND row.identity_blind = month.identity_blind
               AND row.kind = month.kind AND row.suspended_at IS NULL
               AND (row.district <> run.district OR month.period <> run.period)
        """),
        {"claim_id": claim.id, "claim_key": claim.key, "instant": instant},
    )
    await tx.execute(
        text("""
            UPDATE pension_month
               SET live = false
             WHERE claim_id = :claim_id AND claim_key = :claim_key AND live
        """),
        {"claim_id": claim.id, "claim_key": claim.key},
    )
