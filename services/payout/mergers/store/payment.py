"""Months and events of two records that are merged, and the lines that pay them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.claims.domain.event import ClaimedEvent
from services.payout.mergers.domain import PaidLine, SecondLine
from services.payout.payments.store.double import PAID_SO_FAR
from services.payout.persons.domain import PersonCorrection
from shared.ids import Ref
from shared.period import Period


def _line(row: Row[tuple[object, ...]]) -> PaidLine:
    return PaidLine(
        of_old=row.of_old,
        event=row.event,
        claim=Ref(row.claim_key, row.claim_id),
        line_no=row.line_no,
        rank=row.rank,
    )


async def shared_months(
    tx: AsyncConnection, old: tuple[int, bytes], survivor: tuple[int, bytes], kind: str
) -> list[PaidLine]:
    """Read the lines of the months that a run has paid, or is to pay, to both records."""
    rows = await tx.execute(
        text(f"""
            WITH month AS MATERIALIZED (
                SELECT person_id = :old AND identity_blind = :old_blind AS of_old, person_id,
                       period, claim_key, claim_id,
                       count(*) FILTER (WHERE person_id = :old AND identity_blind = :old_blind)
                           OVER (PARTITION BY period) AS olds,
                       count(*) OVER (PARTITION BY period) AS parts
                  FROM pension_month
                 WHERE ((person_id = :old AND identity_blind = :old_blind)
                        OR (person_id = :new AND identity_blind = :new_blind))
                   AND kind = :kind AND live
            ), line AS MATERIALIZED (
                SELECT DISTINCT month.of_old, month.period AS event, line.claim_key,
                       line.claim_id, line.line_no
                  FROM month
                  JOIN claim_line AS line
                    ON line.claim_key = month.claim_key AND line.claim_id = month.claim_id
                   AND line.person_id = month.person_id AND line.reference = month.period
                 WHERE month.olds BETWEEN 1 AND month.parts - 1
            ), {PAID_SO_FAR}
            SELECT line.*, coalesce(so_far.rank, 0) AS rank
              FROM line
              LEFT JOIN so_far
                ON so_far.claim_id = line.claim_id AND so_far.line_no = line.line_no
             ORDER BY line.event, line.claim_id, line.line_no
        """),
        {
            "old": old[0],
            "old_blind": old[1],
            "new": survivor[0],
            "new_blind": survivor[1],
            "kind": kind,
        },
    )
    return [_line(row) for row in rows]


async def claimed_events(
    tx: AsyncConnection, old: int, survivor: int
) -> tuple[list[PaidLine], list[tuple[bool, ClaimedEvent]]]:
    """Read the claimed events of both records and the lines about them."""
    rows = (
        await tx.execute(
            text(f"""
                WITH event AS MATERIALIZED (
                    SELECT event_key, event, period, claim_key, claim_id, line_no
                      FROM benefit_event
                     WHERE event_key IN (:old, :new) AND live
                ), line AS MATERIALIZED (
                    SELECT event.*
                      FROM event
                      JOIN claim_line AS line
                        ON line.claim_key = event.claim_key AND line.claim_id = event.claim_id
                       AND line.line_no = event.line_no
                ), {PAID_SO_FAR}
                SELECT line.event_key = :old AS of_old, line.event_key, line.event, line.period,
                       line.claim_key, line.claim_id, line.line_no,
                       coalesce(so_far.rank, 0) AS rank
                  FROM line
                  LEFT JOIN so_far
                    ON so_far.claim_id = line.claim_id AND so_far.line_no = line.line_no
                 ORDER BY line.claim_id, line.line_no
            """),
            {"old": old, "new": survivor},
        )
    ).all()
    events = [
        (
            row.of_old,
            ClaimedEvent(
                key=row.event_key,
                text=row.event,
                period=Period.parse(row.period),
                claim=Ref(row.claim_key, row.claim_id),
                line_no=row.line_no,
            ),
        )
        for row in rows
    ]
    return [_line(row) for row in rows], events


async def write_doubles(
    tx: AsyncConnection,
    correction: PersonCorrection,
    sealed_number: bytes,
    seconds: Sequence[SecondLine],
) -> None:
    """Store the lines that are never paid from now on."""
    await tx.execute(
        text("""
            INSERT INTO double_payment (claim_key, claim_id, line_no, first_claim_key,
                                        first_claim_id, first_line_no, sealed_number, paper)
            SELECT claim_key, claim_id, line_no, first_key, first_id, first_no,
                   CAST(:sealed AS bytea), CAST(:paper AS text)
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]), CAST(:numbers AS int[]),
                          CAST(:first_keys AS bigint[]), CAST(:first_ids AS uuid[]),
                          CAST(:first_numbers AS int[]))
                AS twice (claim_key, claim_id, line_no, first_key, first_id, first_no)
             ORDER BY claim_key, claim_id, line_no
            ON CONFLICT (claim_key, claim_id, line_no) DO NOTHING
        """),
        {
            "sealed": sealed_number,
            "paper": correction.paper,
            "keys": [second.line.claim.key for second in seconds],
            "ids": [second.line.claim.id for second in seconds],
            "numbers": [second.line.line_no for second in seconds],
            "first_keys": [second.first.claim.key for second in seconds],
            "first_ids": [second.first.claim.id for second in seconds],
            "first_numbers": [second.first.line_no for second in seconds],
        },
    )


async def release_months(
    tx: AsyncConnection, old: int, survivor: int, seconds: Sequence[SecondLine]
) -> None:
    """Let the second lines of months count no more: the first ones are the pension of the month."""
    await tx.execute(
        text("""
            UPDATE pension_month AS month
               SET live = false
              FROM unnest(CAST(:people AS bigint[]), CAST(:periods AS text[]),
                          CAST(:ids AS uuid[])) AS twice (person_id, period, claim_id)
             WHERE month.person_id = twice.person_id AND month.period = twice.period
               AND month.claim_id = twice.claim_id AND month.live
        """),
        {
            "people": [old if second.line.of_old else survivor for second in seconds],
            "periods": [second.line.event for second in seconds],
            "ids": [second.line.claim.id for second in seconds],
        },
    )


async def release_events(
    tx: AsyncConnection, old: int, survivor: int, seconds: Sequence[SecondLine]
) -> None:
    """Let the second claims of events count no more."""
    await tx.execute(
        text("""
            UPDATE benefit_event AS event
               SET live = false
              FROM unnest(CAST(:people AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:numbers AS int[])) AS twice (event_key, claim_id, line_no)
             WHERE event.event_key = twice.event_key AND event.claim_id = twice.claim_id
               AND event.line_no = twice.line_no AND event.live
        """),
        {
            "people": [old if second.line.of_old else survivor for second in seconds],
            "ids": [second.line.claim.id for second in seconds],
            "numbers": [second.line.line_no for second in seconds],
        },
    )


async def move_lines(tx: AsyncConnection, old: int, survivor: int) -> None:
    """Let the claim lines about a person belong to the surviving record."""
    await tx.execute(
        text("""
            UPDATE claim_line AS line
               SET person_id = :new
              FROM (SELECT claim_key, claim_id FROM pension_month WHERE person_id = :old
                     UNION
                    SELECT claim_key, claim_id
                      FROM benefit_event
                     WHERE event_key = :old AND live
                     UNION
                    SELECT claim_key, claim_id
                      FROM claimed_year
                     WHERE person_id = :old AND live) AS own
             WHERE line.claim_key = own.claim_key AND line.claim_id = own.claim_id
               AND line.person_id = :old
        """),
        {"old": old, "new": survivor},
    )


async def move_months(
    tx: AsyncConnection, old: tuple[int, bytes], survivor: tuple[int, bytes]
) -> None:
    """Give the months of a record to the surviving one, after its own parts of each month."""
    values = {"old": old[0], "old_blind": old[1], "new": survivor[0], "new_blind": survivor[1]}
    await tx.execute(
        text("""
            WITH month AS MATERIALIZED (
                SELECT kind, period, part, amount_fen, claim_key, claim_id, recovery_id
                  FROM pension_month
                 WHERE person_id = :old AND identity_blind = :old_blind AND live
            ), own AS MATERIALIZED (
                SELECT kind, period, max(part) AS part
                  FROM pension_month
                 WHERE person_id = :new AND identity_blind = :new_blind
                 GROUP BY kind, period
            )
            INSERT INTO pension_month (person_id, identity_blind, kind, period, part, amount_fen,
                                       claim_key, claim_id, recovery_id)
            SELECT CAST(:new AS bigint), CAST(:new_blind AS bytea), month.kind, month.period,
                   month.part + coalesce(own.part, 0), month.amount_fen, month.claim_key,
                   month.claim_id, month.recovery_id
              FROM month
              LEFT JOIN own ON own.kind = month.kind AND own.period = month.period
        """),
        values,
    )
    await tx.execute(
        text("""
            UPDATE pension_month
               SET live = false
             WHERE person_id = :old AND identity_blind = :old_blind AND live
        """),
        {"old": old[0], "old_blind": old[1]},
    )


async def move_cases(
    tx: AsyncConnection, old: tuple[int, bytes], survivor: tuple[int, bytes], sealed_number: bytes
) -> None:
    """Let the survivor owe what a record owes: its cases keep their plans and notice numbers."""
    await tx.execute(
        text("""
            UPDATE recovery_case
               SET survivor_id = :new, identity_blind = :new_blind, sealed_number = :sealed
             WHERE coalesce(survivor_id, case_key) = :old AND identity_blind = :old_blind
               AND cause = 'overpaid'
        """),
        {
            "old": old[0],
            "old_blind": old[1],
            "new": survivor[0],
            "new_blind": survivor[1],
            "sealed": sealed_number,
        },
    )


async def move_events(tx: AsyncConnection, old: int, survivor: int) -> None:
    """Give the events of a record to the surviving one."""
    await tx.execute(
        text("""
            INSERT INTO benefit_event (event_key, event, period, claim_key, claim_id, line_no)
            SELECT CAST(:new AS bigint), event, period, claim_key, claim_id, line_no
              FROM benefit_event
             WHERE event_key = :old AND live
        """),
        {"old": old, "new": survivor},
    )
    await tx.execute(
        text("UPDATE benefit_event SET live = false WHERE event_key = :old AND live"),
        {"old": old},
    )


async def move_years(tx: AsyncConnection, old: int, survivor: int) -> None:
    """Count what a record claimed in a year for the surviving one; a claim about both has one row."""
    values = {"old": old, "new": survivor}
    await tx.execute(
        text("""
            WITH ended AS (
                UPDATE claimed_year SET live = false
                 WHERE person_id IN (:old, :new) AND live
                   AND claim_id IN (SELECT claim_id FROM claimed_year WHERE person_id = :old AND live)
                RETURNING kind, year, claim_key, claim_id, amount_fen
            )
            INSERT INTO claimed_year (person_id, kind, year, claim_key, claim_id, amount_fen)
            SELECT CAST(:new AS bigint), kind, year, claim_key, claim_id,
                   CAST(sum(amount_fen) AS bigint)
              FROM ended
             GROUP BY kind, year, claim_key, claim_id
        """),
        values,
    )
