"""SQL of personal credits: settled bills that wait, people of their declarations, the ledger's
answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.personal.domain import DeclarationLine, PersonAmounts, SettledDeclaration
from services.collection.personal.store import undone as undone_store

Key = tuple[int, UUID]
"""Unit and declaration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCredit:
    """A settled bill whose people are not credited yet, or a bill that is not settled any more and
    whose people are.

    turn: odd turns credit people, even ones take it back. `credited_on` is the day of settlement.
    """

    paper: SettledDeclaration
    policy_id: UUID | None
    round: int
    credited_on: date
    turn: int = 1

    @property
    def takes_back(self) -> bool:
        """Tell whether people lose what they were credited."""
        return self.turn % 2 == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationHead:
    """The fields of a declaration that its credits depend on."""

    kind: str
    round: int
    people: int
    policy_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalCredit:
    """A chunk of credits as sent to the ledger; `refused` is the ledger's reason against it.

    sign: 1 credited, -1 taken back, 0 nothing to do.
    """

    unit_id: int
    declaration_id: UUID
    chunk: int
    chunks: int
    bill_id: UUID
    credited_on: date
    people: int
    totals_fen: dict[str, int]
    refused: str | None = None
    turn: int = 1
    sign: int = 1

    def refusal(self, why: str) -> PersonalCredit:
        """Return the same chunk as refused."""
        return replace(self, refused=why)


IS_REFUSED = """sent.refused IS NOT NULL AND NOT EXISTS (
                       SELECT 1
                         FROM personal_credit AS later
                        WHERE later.unit_id = sent.unit_id
                          AND later.declaration_id = sent.declaration_id
                          AND later.turn > sent.turn)"""
"""A chunk that the ledger refused, and that no later turn has settled."""

# `fresh` is limited before the days are looked up: a city's month has hundreds of thousands of them.
_PENDING = f"""
    WITH lost AS MATERIALIZED (
         SELECT *
           FROM unnest(CAST(:lost_units AS bigint[]), CAST(:lost_bills AS uuid[]),
                       CAST(:lost_days AS date[])) AS lost (unit_id, id, on_day)),
    fresh AS (
         SELECT bill.unit_id, bill.id, CAST(NULL AS date) AS on_day
           FROM bill
           LEFT JOIN declaration AS paper
             ON paper.unit_id = bill.unit_id AND paper.id = bill.declaration_id
          WHERE bill.status = 'settled' AND bill.kind <> 'charge' AND NOT bill.personal_told
            AND (paper.corrects IS NULL
                 OR EXISTS (
                    SELECT 1
                      FROM bill AS earlier
                     WHERE earlier.unit_id = bill.unit_id
                       AND earlier.declaration_id = paper.corrects
                       AND earlier.kind <> 'charge' AND earlier.personal_told
                       AND earlier.status = 'settled')
                AND NOT EXISTS (
                    SELECT 1
                      FROM personal_credit AS sent
                     WHERE sent.unit_id = bill.unit_id
                       AND sent.declaration_id = paper.corrects AND {IS_REFUSED}))
          ORDER BY bill.id
          LIMIT :limit),
    wanted AS (
         SELECT unit_id, id, on_day FROM fresh
          UNION ALL
         SELECT lost.unit_id, lost.id, max(lost.on_day)
           FROM lost
           JOIN bill ON bill.unit_id = lost.unit_id AND bill.id = lost.id AND bill.personal_told
          WHERE NOT EXISTS (
                SELECT 1
                  FROM declaration AS restating
                  JOIN bill AS later ON later.unit_id = restating.unit_id
                                    AND later.declaration_id = restating.id
                                    AND later.kind <> 'charge' AND later.personal_told
                 WHERE restating.unit_id = bill.unit_id
                   AND restating.corrects = bill.declaration_id)
          GROUP BY lost.unit_id, lost.id)
    SELECT bill.unit_id, bill.id AS bill_id, bill.declaration_id, bill.period,
           bill.personal_turn + 1 AS turn,
           coalesce(paper.kind, 'default') AS kind, paper.corrects, paper.policy_id,
           coalesce(paper.people, 0) AS people, coalesce(paper.round, 1) AS round,
           greatest(bill.issued_on, wanted.on_day, paid.on_day, lowered.on_day, before.on_day,
                    own.on_day) AS credited_on
      FROM wanted
      JOIN bill ON bill.unit_id = wanted.unit_id AND bill.id = wanted.id
      LEFT JOIN declaration AS paper
        ON paper.unit_id = bill.unit_id AND paper.id = bill.declaration_id
      LEFT JOIN LATERAL (
           SELECT max(book_date) AS on_day
             FROM allocation
            WHERE allocation.unit_id = bill.unit_id
              AND allocation.bill_id = bill.id) AS paid ON true
      LEFT JOIN LATERAL (
           SELECT max(used_on) AS on_day
             FROM credit_use
            WHERE credit_use.unit_id = bill.unit_id
              AND credit_use.bill_id = bill.id) AS lowered ON true
      LEFT JOIN LATERAL (
           SELECT max(credited_on) AS on_day
             FROM personal_credit AS sent
            WHERE sent.unit_id = bill.unit_id AND sent.declaration_id = bill.declaration_id
              AND sent.turn <= bill.personal_turn) AS own ON true
      LEFT JOIN LATERAL (
           SELECT max(credited_on) AS on_day
             FROM personal_credit AS sent
            WHERE sent.unit_id = bill.unit_id
              AND sent.declaration_id = paper.corrects) AS before ON true
     ORDER BY bill.id
     LIMIT :limit
"""


async def pending(tx: AsyncConnection, limit: int) -> list[PendingCredit]:
    """Read bills whose people wait, oldest first.

    A restatement waits for the month that it restates, and is taken back before it.
    """
    lost = await undone_store.lost(tx)
    rows = await tx.execute(
        text(_PENDING),
        {
            "lost_units": [row.unit_id for row in lost],
            "lost_bills": [row.id for row in lost],
            "lost_days": [row.on_day for row in lost],
            "limit": limit,
        },
    )
    return [
        PendingCredit(
            paper=SettledDeclaration(
                unit_id=row.unit_id,
                id=row.declaration_id,
                bill_id=row.bill_id,
                kind=row.kind,
                period=row.period,
                people=row.people,
                corrects=row.corrects,
            ),
            policy_id=row.policy_id,
            round=row.round,
            credited_on=row.credited_on,
            turn=row.turn,
        )
        for row in rows
    ]


async def heads(tx: AsyncConnection, papers: Sequence[Key]) -> dict[Key, DeclarationHead]:
    """Read the heads of declarations."""
    rows = await tx.execute(
        text("""
            SELECT declaration.unit_id, declaration.id, kind, round, people, policy_id
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[])) AS wanted (unit_id, id)
              JOIN declaration
                ON declaration.unit_id = wanted.unit_id AND declaration.id = wanted.id
        """),
        {"units": [unit for unit, _ in papers], "ids": [id for _, id in papers]},
    )
    return {
        (row.unit_id, UUID(int=row.id.int)): DeclarationHead(
            kind=row.kind, round=row.round, people=row.people, policy_id=row.policy_id
        )
        for row in rows
    }


async def lines(
    tx: AsyncConnection, papers: Sequence[tuple[int, UUID, int]]
) -> dict[Key, list[DeclarationLine]]:
    """Read the lines of declarations of (unit, declaration, round)."""
    rows = await tx.execute(
        text("""
            SELECT line.unit_id, line.declaration_id, line.level, line.insurance, line.party,
                   line.account, line.fund, line.amount_fen
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:rounds AS integer[])) AS paper (unit_id, id, round)
              JOIN declaration_line AS line
                ON line.unit_id = paper.unit_id AND line.declaration_id = paper.id
               AND line.round = paper.round
             ORDER BY line.unit_id, line.declaration_id, line.line_no
        """),
        _papers(papers),
    )
    found: dict[Key, list[DeclarationLine]] = defaultdict(list)
    for unit_id, paper_id, level, insurance, party, account, fund, amount_fen in rows:
        found[unit_id, UUID(int=paper_id.int)].append(
            DeclarationLine(
                level=level,
                insurance=insurance,
                party=party,
                account=account,
                fund=fund,
                amount_fen=amount_fen,
            )
        )
    return found


async def people(
    tx: AsyncConnection, papers: Sequence[tuple[int, UUID, int]], keys: tuple[int, int]
) -> dict[Key, list[PersonAmounts]]:
    """Read the people of declarations whose keys lie in a range, by key."""
    rows = await tx.execute(
        text("""
            SELECT line.unit_id, line.declaration_id, line.person_id, line.base_fen,
                   line.unit_fen, line.personal_fen, beside.age
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:rounds AS integer[])) AS paper (unit_id, id, round)
              JOIN declaration_person AS line
                ON line.unit_id = paper.unit_id AND line.declaration_id = paper.id
               AND line.round = paper.round
              LEFT JOIN declaration_figures AS beside
                ON beside.unit_id = line.unit_id
               AND beside.declaration_id = line.declaration_id
               AND beside.round = line.round AND beside.line_no = line.line_no
             WHERE line.person_id BETWEEN :first AND :last
             ORDER BY line.person_id
        """),
        _papers(papers) | {"first": keys[0], "last": keys[1] - 1},
    )
    found: dict[Key, list[PersonAmounts]] = defaultdict(list)
    for unit_id, paper_id, *person in rows:
        found[unit_id, UUID(int=paper_id.int)].append(PersonAmounts(*person))
    return found


async def references(
    tx: AsyncConnection, persons: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], UUID]:
    """Read the uuid of people's references: (unit, person) → uuid."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (enrolment.unit_id, enrolment.person_id) enrolment.unit_id,
                   enrolment.person_id, enrolment.person_uuid
              FROM unnest(CAST(:units AS bigint[]), CAST(:persons AS bigint[]))
                AS wanted (unit_id, person_id)
              JOIN enrolment ON enrolment.unit_id = wanted.unit_id
                            AND enrolment.person_id = wanted.person_id
             ORDER BY enrolment.unit_id, enrolment.person_id, enrolment.joined_on DESC
        """),
        {"units": [unit for unit, _ in persons], "persons": [person for _, person in persons]},
    )
    return {(unit, person): UUID(int=uuid.int) for unit, person, uuid in rows}


async def earlier(
    tx: AsyncConnection, papers: Sequence[Key]
) -> dict[Key, dict[tuple[int, int], PersonalCredit]]:
    """Read the recorded chunks of declarations by (turn, chunk). A repeat must have the same chunks
    and day."""
    rows = await tx.execute(
        text("""
            SELECT sent.unit_id, sent.declaration_id, sent.chunk, sent.chunks, sent.bill_id,
                   sent.credited_on, sent.people, sent.funds, sent.totals_fen, sent.refused,
                   sent.turn, sent.sign
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[])) AS wanted (unit_id, id)
              JOIN personal_credit AS sent
                ON sent.unit_id = wanted.unit_id AND sent.declaration_id = wanted.id
        """),
        {"units": [unit for unit, _ in papers], "ids": [id for _, id in papers]},
    )
    found: dict[Key, dict[tuple[int, int], PersonalCredit]] = defaultdict(dict)
    for row in rows.mappings():
        credit = credit_of(**row)
        found[credit.unit_id, UUID(int=credit.declaration_id.int)][credit.turn, credit.chunk] = (
            credit
        )
    return found


async def record(tx: AsyncConnection, credits: Sequence[PersonalCredit]) -> None:
    """Write the ledger's answers to chunks."""
    await tx.execute(
        text("""
            INSERT INTO personal_credit (unit_id, declaration_id, chunk, chunks, bill_id,
                                         credited_on, people, funds, totals_fen, refused, turn,
                                         sign)
            VALUES (:unit_id, :declaration_id, :chunk, :chunks, :bill_id, :credited_on, :people,
                    :funds, :totals_fen, :refused, :turn, :sign)
            ON CONFLICT (unit_id, declaration_id, chunk, turn) DO UPDATE
               SET credited_on = excluded.credited_on, people = excluded.people,
                   sign = excluded.sign,
                   funds = excluded.funds, totals_fen = excluded.totals_fen,
                   refused = excluded.refused, told_at = excluded.told_at
        """),
        [
            {
                "unit_id": one.unit_id,
                "declaration_id": one.declaration_id,
                "chunk": one.chunk,
                "chunks": one.chunks,
                "bill_id": one.bill_id,
                "credited_on": one.credited_on,
                "people": one.people,
                "funds": list(one.totals_fen),
                "totals_fen": list(one.totals_fen.values()),
                "refused": one.refused,
                "turn": one.turn,
                "sign": one.sign,
            }
            for one in credits
        ],
    )


async def mark(tx: AsyncConnection, done: Sequence[PendingCredit]) -> None:
    """Count the turns of bills: their people are credited, or not any more."""
    await tx.execute(
        text("""
            UPDATE bill
               SET personal_told = (batch.turn % 2 = 1), personal_turn = batch.turn
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[]), CAST(:turns AS integer[]))
                AS batch (unit_id, id, turn)
             WHERE bill.unit_id = batch.unit_id AND bill.id = batch.id
        """),
        {
            "units": [one.paper.unit_id for one in done],
            "ids": [one.paper.bill_id for one in done],
            "turns": [one.turn for one in done],
        },
    )


def credit_of(*, funds: Sequence[str], totals_fen: Sequence[int], **columns: Any) -> PersonalCredit:
    """Build a credit from its columns; `funds` and `totals_fen` are parallel."""
    return PersonalCredit(**columns, totals_fen=dict(zip(funds, totals_fen, strict=True)))


def _papers(papers: Sequence[tuple[int, UUID, int]]) -> dict[str, Any]:
    return {
        "units": [unit for unit, _, _ in papers],
        "ids": [id for _, id, _ in papers],
        "rounds": [round_ for _, _, round_ in papers],
    }
