"""SQL of the write path: one statement for a batch, guarded by the slot's revision.

The statement updates the slot's head where its revision is still the expected one and none of the
events is known; everything else reads from that part, so nothing is written unless it found its
row. Measured, this does twice to three times the vouchers of the same work statement by statement.
A voucher is one row with its lines as arrays; sums are written at checkpoints (`checkpoint`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeAlias

import asyncpg
import orjson

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.batch import ChainedDraft, Decision
from services.ledger.posting.domain.entries import Place
from services.ledger.posting.domain.hold import Hold, HoldMovement
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.store import place as place_store
from services.ledger.posting.store.place import PlaceNumbers

Connection: TypeAlias = "asyncpg.Connection[Any]"

_HEAD: Final = """
WITH known AS (
    SELECT count(*) AS events
      FROM unnest($7 text[], $8 text[]) AS a (source, event_id)
     CROSS JOIN LATERAL (
           (SELECT FROM voucher
             WHERE slot = $1 AND source = a.source AND event_id = a.event_id
             LIMIT 1)
             UNION ALL
           (SELECT FROM event_refusal
             WHERE slot = $1 AND source = a.source AND event_id = a.event_id
             LIMIT 1)) AS found
), head AS (
    UPDATE slot_head
       SET revision = revision + 1, generation_revision = revision + 1, seq = $3, hash = $4
     WHERE slot = $1 AND revision = $2 AND (SELECT events FROM known) = 0
    RETURNING slot
), vouchers AS (
    INSERT INTO voucher (slot, seq, source, event_id, body_hash, owner, kind, book_date, period,
                         value_date, summary, refs, hold, reverses_seq, hash, recorded_at,
                         places, amounts)
    SELECT head.slot, v.seq, v.source, v.event_id, v.body_hash, v.owner, v.kind, v.book_date,
           v.period, v.value_date, v.summary, CAST(v.refs AS jsonb), v.hold, v.reverses_seq,
           v.hash, $5, CAST(v.places AS integer[]), CAST(v.amounts AS bigint[])
      FROM head,
           unnest($6 bigint[], $7 text[], $8 text[],
                  CAST($9 AS bytea[]), $10 text[], $11 text[],
                  $12 date[], $13 text[], $14 date[],
                  $15 text[], $16 text[], $17 text[],
                  $18 bigint[], CAST($19 AS bytea[]), $20 text[], $21 text[])
             AS v (seq, source, event_id, body_hash, owner, kind, book_date, period, value_date,
                   summary, refs, hold, reverses_seq, hash, places, amounts)
)"""
_RARE: Final = """, refusals AS (
    INSERT INTO event_refusal (slot, source, event_id, body_hash, content, code, faults, facts,
                               recorded_at)
    SELECT head.slot, r.source, r.event_id, r.body_hash, r.content, r.code,
           CAST(r.faults AS jsonb), CAST(r.facts AS jsonb), $5
      FROM head,
           unnest($22 text[], $23 text[], CAST($24 AS bytea[]),
                  CAST($25 AS bytea[]), $26 text[], $27 text[],
                  $28 text[])
             AS r (source, event_id, body_hash, content, code, faults, facts)
), holds AS (
    INSERT INTO hold (slot, id, source, event_id, fund, account, amount_fen, remaining_fen,
                      summary, expires_on, recorded_at)
    SELECT head.slot, h.id, h.source, h.event_id, h.fund, h.account, h.amount_fen,
           h.remaining_fen, h.summary, h.expires_on, $5
      FROM head,
           unnest($29 uuid[], $30 text[], $31 text[],
                  $32 text[], $33 text[], $34 bigint[],
                  $35 bigint[], $36 text[], $37 date[])
             AS h (id, source, event_id, fund, account, amount_fen, remaining_fen, summary,
                   expires_on)
), movements AS (
    INSERT INTO hold_movement (slot, hold_id, remaining_fen, kind, amount_fen, asked_fen, source,
                               event_id, seq, recorded_at)
    SELECT head.slot, m.hold_id, m.remaining_fen, m.kind, m.amount_fen, m.asked_fen, m.source,
           m.event_id, m.seq, $5
      FROM head,
           unnest($38 uuid[], $39 bigint[], $40 text[],
                  $41 bigint[], $42 bigint[], $43 text[],
                  $44 text[], $45 bigint[])
             AS m (hold_id, remaining_fen, kind, amount_fen, asked_fen, source, event_id, seq)
), remainders AS (
    UPDATE hold
       SET remaining_fen = u.remaining_fen
      FROM head, unnest($46 uuid[], $47 bigint[]) AS u (id, remaining_fen)
     WHERE hold.slot = head.slot AND hold.id = u.id
)"""
_NULL: Final = "NULL"
_LAST: Final = """
SELECT EXISTS (SELECT FROM head) AS written, events
  FROM known"""


def arrays_from_text(sql: str) -> str:
    """Let every "$n type[]" be an array that is sent as text: asyncpg's own way of sending arrays
    of many elements costs more than PostgreSQL's reading them."""
    return re.sub(r"\$(\d+) (\w+)\[\]", r"CAST(CAST($\1 AS text) AS \2[])", sql)


_PLANS: Final = """
SELECT set_config('plan_cache_mode', CASE WHEN count(*) = 0 THEN 'force_generic_plan' ELSE 'auto' END,
                  false)
  FROM pg_extension
 WHERE extname = 'citus'
"""

_PLAIN_SQL: Final = arrays_from_text(_HEAD + _LAST)
_FULL_SQL: Final = arrays_from_text(_HEAD + _RARE + _LAST)


async def prepare(connection: Connection) -> None:
    """Set up a writer's connection: its few statements always look rows up by key.

    A distributed database plans a statement for the server of its slot, so there it must see the slot.
    """
    await connection.execute("SET enable_seqscan = off")
    await connection.execute(_PLANS)


class WriteResult(Enum):
    """Result of writing a decision."""

    DONE = "done"
    MOVED = "moved"
    """Nothing is written: the slot is at another revision now."""
    KNOWN = "known"
    """Nothing is written: some event to be booked is in the books already."""

    @classmethod
    def of(cls, written: bool, events: int) -> WriteResult:
        """Tell the result from whether the slot's head was moved, and how many events were known."""
        if written:
            return cls.DONE
        return cls.KNOWN if events else cls.MOVED


@dataclass(frozen=True, slots=True)
class Statement:
    """A decision as SQL with its arguments, ready to send."""

    sql: str
    arguments: Sequence[Any]


def statement_of(decision: Decision, recorded_at: datetime, numbers: PlaceNumbers) -> Statement:
    """Build the statement that writes a decision if its slot is still at the same revision.

    Raises:
        KeyError: a place of an entry has no number yet.
    """
    arguments = [
        decision.before.slot,
        decision.before.revision,
        decision.after.seq,
        decision.after.hash,
        recorded_at,
        *voucher_columns(decision.posted),
        *line_columns(decision.posted, numbers),
    ]
    if decision.is_plain:
        return Statement(_PLAIN_SQL, arguments)
    arguments += _refusal_columns(decision.pinned)
    arguments += _hold_columns(decision.new_holds, decision.movements)
    return Statement(_FULL_SQL, arguments)


async def send(connection: Connection, statement: Statement) -> WriteResult:
    """Write a decision."""
    row = await connection.fetchrow(statement.sql, *statement.arguments)
    assert row is not None
    return WriteResult.of(row["written"], row["events"])


async def write(
    connection: Connection,
    decision: Decision,
    recorded_at: datetime,
    numbers: PlaceNumbers | None = None,
) -> WriteResult:
    """Write a decision if its slot is still at the revision it was made from.

    Places without a number get one, and `numbers` learns them once they are sure to stay: numbers
    given inside a transaction may be taken back with it.
    """
    numbers = PlaceNumbers() if numbers is None else numbers
    if fresh := place_store.missing(numbers, places_of(decision)):
        added = await place_store.number(connection, fresh)
        if connection.is_in_transaction():
            numbers = PlaceNumbers(numbers | added)
        else:
            numbers.update(added)
    return await send(connection, statement_of(decision, recorded_at, numbers))


def places_of(decision: Decision) -> Iterator[Place]:
    """Yield the place of every entry that a decision writes."""
    for pattern in {one.draft.entries.pattern for one in decision.posted}:
        yield from pattern.places


def voucher_columns(posted: Sequence[ChainedDraft]) -> list[Any]:
    """Build the arrays of vouchers, one element each."""
    drafts = [one.draft for one in posted]
    return [
        integers([one.seq for one in posted]),
        _words([draft.source for draft in drafts]),
        _quoted([draft.event_id for draft in drafts]),
        [draft.body_hash for draft in drafts],
        _quoted([draft.owner for draft in drafts]),
        _words([draft.kind for draft in drafts]),
        _plain(draft.book_date for draft in drafts),
        _quoted([draft.period for draft in drafts]),
        _plain(draft.value_date for draft in drafts),
        _quoted([draft.summary for draft in drafts]),
        _quoted([_refs(draft.references) for draft in drafts]),
        _quoted([draft.hold for draft in drafts]),
        _plain(draft.reverses_seq for draft in drafts),
        [one.hash for one in posted],
    ]


def _refs(references: Mapping[str, str]) -> str:
    return orjson.dumps(references).decode() if references else "{}"


def line_columns(posted: Sequence[ChainedDraft], numbers: PlaceNumbers) -> list[str]:
    """Build the arrays of every voucher's lines: places, and amounts."""
    places: list[str] = []
    amounts: list[str] = []
    for one in posted:
        pattern, fens = one.draft.entries
        places.append(f'"{numbers.array_of(pattern)}"')
        amounts.append(f'"{integers([*fens])}"')
    return ["{" + ",".join(places) + "}", "{" + ",".join(amounts) + "}"]


def integers(values: list[int]) -> str:
    """Format an array of integers as PostgreSQL reads it. Python's own formatting of a list,
    without the brackets, costs a third of formatting number by number."""
    return "{" + str(values)[1:-1] + "}"


def _plain(values: Iterable[Any]) -> str:
    """Format an array of numbers, days or uuids as PostgreSQL reads it: text is cheaper to send."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _quoted(values: Sequence[str | None]) -> str:
    """Format an array of texts as PostgreSQL reads it, whatever characters they contain."""
    return "{" + ",".join([_NULL if value is None else _quote(value) for value in values]) + "}"


def _words(values: Sequence[str]) -> str:
    """Format an array of texts that recur, each quoted once."""
    return "{" + ",".join(map(_quote_again, values)) + "}"


def _quote(value: str) -> str:
    if '"' in value or "\\" in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


_quote_again = lru_cache(maxsize=65_536)(_quote)


def _refusal_columns(pinned: Sequence[tuple[Draft, LedgerRefusal]]) -> list[Any]:
    return [
        _quoted([draft.source for draft, _ in pinned]),
        _quoted([draft.event_id for draft, _ in pinned]),
        [draft.body_hash for draft, _ in pinned],
        [draft.content for draft, _ in pinned],
        _quoted([refusal.code for _, refusal in pinned]),
        _quoted(
            [
                orjson.dumps([[f.pointer, f.code, f.message] for f in refusal.faults]).decode()
                for _, refusal in pinned
            ]
        ),
        _quoted([orjson.dumps(refusal.facts).decode() for _, refusal in pinned]),
    ]


def _hold_columns(held: Sequence[Hold], moved: Sequence[HoldMovement]) -> list[Any]:
    # A hold made and drawn upon in one batch is written with what remains of it at the end: an
    # UPDATE in the same statement would not see the new row.
    remaining = {movement.hold_id: movement.remaining_fen for movement in moved}
    new = {hold.id for hold in held}
    old = {id: left for id, left in remaining.items() if id not in new}
    return [
        _plain(hold.id for hold in held),
        _quoted([hold.source for hold in held]),
        _quoted([hold.event_id for hold in held]),
        _quoted([hold.fund for hold in held]),
        _quoted([hold.account for hold in held]),
        _plain(hold.amount_fen for hold in held),
        _plain(remaining.get(hold.id, hold.remaining_fen) for hold in held),
        _quoted([hold.summary for hold in held]),
        _plain(hold.expires_on for hold in held),
        _plain(movement.hold_id for movement in moved),
        _plain(movement.remaining_fen for movement in moved),
        _quoted([movement.kind.value for movement in moved]),
        _plain(movement.amount_fen for movement in moved),
        _plain(movement.asked_fen for movement in moved),
        _quoted([movement.source for movement in moved]),
        _quoted([movement.event_id for movement in moved]),
        _plain(movement.seq for movement in moved),
        _plain(old),
        _plain(old.values()),
    ]
