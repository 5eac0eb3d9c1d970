"""Withdrawals in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.withdrawals.domain import CANCELLED, Withdrawal, WithdrawalKind
from shared.ids import Ref
from shared.references import Reference

_COLUMNS: Final = "person_id, fund, kind, account_fen, pooled_fen, claim_key, claim_id"
_OF_PEOPLE: Final = f"""
WITH every AS (
    SELECT {_COLUMNS}
      FROM account_withdrawal
     WHERE person_id = ANY (CAST(:person_ids AS bigint[]))
), taken AS MATERIALIZED (
    SELECT every.*, claim.district
      FROM every
      JOIN claim
        ON claim.claim_key = every.claim_key AND claim.id = every.claim_id
       AND claim.status <> 'refused'
)"""
"""Withdrawals of some people whose claims are not refused: they lie with the people, and the claims
with their kind and month."""


def _withdrawal(*, kind: str, claim_key: int, claim_id: UUID, **columns: Any) -> Withdrawal:
    return Withdrawal(kind=WithdrawalKind(kind), claim=Ref(claim_key, claim_id), **columns)


async def insert(tx: AsyncConnection, withdrawal: Withdrawal) -> None:
    """Store what a claim takes."""
    await tx.execute(
        text("""
            INSERT INTO account_withdrawal (person_id, claim_id, claim_key, fund, kind, account_fen,
                                            pooled_fen)
            VALUES (:person_id, :claim_id, :claim_key, :fund, :kind, :account_fen, :pooled_fen)
        """),
        {
            "person_id": withdrawal.person_id,
            "claim_id": withdrawal.claim.id,
            "claim_key": withdrawal.claim.key,
            "fund": withdrawal.fund,
            "kind": withdrawal.kind.value,
            "account_fen": withdrawal.account_fen,
            "pooled_fen": withdrawal.pooled_fen,
        },
    )


async def of_claim(tx: AsyncConnection, claim: Ref) -> Withdrawal | None:
    """Find what a claim takes."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM account_withdrawal AS taken
                 WHERE claim_id = :claim_id AND claim_key = :claim_key
            """),
            {"claim_id": claim.id, "claim_key": claim.key},
        )
    ).first()
    return _withdrawal(**row._mapping) if row else None


async def unbooked(tx: AsyncConnection, claims: Sequence[Ref]) -> set[Ref]:
    """Find claims whose message to the ledger waits or was refused."""
    rows = await tx.execute(
        text("""
            SELECT wanted.place
              FROM unnest(CAST(:keys AS bigint[]), CAST(:papers AS text[]))
                   WITH ORDINALITY AS wanted (shard_key, paper, place)
              JOIN outbox
                ON outbox.shard_key = wanted.shard_key AND outbox.sent_at IS NULL
             CROSS JOIN LATERAL CAST(convert_from(outbox.payload, 'UTF8') AS json) AS message
             WHERE message ->> 'to' = 'personal_transfer'
               AND message #>> '{body,paper}' = wanted.paper
        """),
        {
            "keys": [claim.key for claim in claims],
            "papers": [claim.text(Reference.CLAIM) for claim in claims],
        },
    )
    return {claims[row.place - 1] for row in rows}


_REFUSED: Final = """
             WHERE shard_key = :claim_key AND sent_at IS NULL AND refused IS NOT NULL
               AND CAST(convert_from(payload, 'UTF8') AS json) ->> 'to' = 'personal_transfer'
               AND CAST(convert_from(payload, 'UTF8') AS json) #>> '{body,paper}' = :paper"""


async def refusal(tx: AsyncConnection, claim: Ref) -> str | None:
    """Read the reason for which the ledger refused a claim's message."""
    how = {"claim_key": claim.key, "paper": claim.text(Reference.CLAIM)}
    reason: str | None = await tx.scalar(text(f"SELECT refused FROM outbox {_REFUSED}"), how)
    return reason


async def cancel_refused(tx: AsyncConnection, claim: Ref) -> bool:
    """Turn a claim's refused message into a cancelled one, which the relay only acknowledges."""
    how = {"claim_key": claim.key, "paper": claim.text(Reference.CLAIM)}
    message = (await tx.execute(text(f"SELECT id, payload FROM outbox {_REFUSED}"), how)).first()
    if message is None:
        return False
    changed = await tx.execute(
        text("""
            UPDATE outbox
               SET refused = NULL, payload = :payload
             WHERE shard_key = :claim_key AND id = :id AND sent_at IS NULL
               AND refused IS NOT NULL
            RETURNING 1
        """),
        {
            "claim_key": claim.key,
            "id": message.id,
            "payload": orjson.dumps(orjson.loads(message.payload) | {"to": CANCELLED}),
        },
    )
    return changed.first() is not None


async def of_people(
    tx: AsyncConnection, person_ids: Sequence[int], fund: str | None = None
) -> list[Withdrawal]:
    """Read the withdrawals of people's records whose claims are not refused."""
    rows = await tx.execute(
        text(f"""
            {_OF_PEOPLE}
            SELECT {_COLUMNS}
              FROM taken
             WHERE CAST(:fund AS text) IS NULL OR fund = :fund
             ORDER BY person_id, claim_id
        """),
        {"person_ids": list(person_ids), "fund": fund},
    )
    return [_withdrawal(**row._mapping) for row in rows]


async def page(
    tx: AsyncConnection, *, district: str | None, after: tuple[int, UUID] | None, limit: int
) -> list[Withdrawal]:
    """Read the last withdrawal of each person and fund in order, after one, by the claim's district.

    Some hundred people are looked at together, until there are enough.
    """
    found: list[Withdrawal] = []
    at_least = after[0] if after else None
    while len(found) < limit and (people := await _people(tx, at_least)):
        found += await _last_of(tx, people, district, after)
        at_least = people[-1] + 1
    return found[:limit]


async def _people(tx: AsyncConnection, at_least: int | None) -> list[int]:
    """Read some people with withdrawals in the order of their keys, from a key on."""
    rows = await tx.scalars(
        text("""
            SELECT DISTINCT person_id
              FROM account_withdrawal
             WHERE CAST(:at_least AS bigint) IS NULL OR person_id >= CAST(:at_least AS bigint)
             ORDER BY person_id
             LIMIT 500
        """),
        {"at_least": at_least},
    )
    return list(rows)


async def _last_of(
    tx: AsyncConnection, people: Sequence[int], district: str | None, after: tuple[int, UUID] | None
) -> list[Withdrawal]:
    """Read the last withdrawals of some people in order, after one, by the claim's district."""
    rows = await tx.execute(
        text(f"""
            {_OF_PEOPLE}
            SELECT {_COLUMNS}
              FROM taken AS last
             WHERE (CAST(:district AS text) IS NULL OR district = :district)
               AND (CAST(:person_id AS bigint) IS NULL
                    OR (person_id, claim_id) > (:person_id, CAST(:claim_id AS uuid)))
               AND NOT EXISTS (
                       SELECT 1
                         FROM taken AS other
                        WHERE other.person_id = last.person_id AND other.fund = last.fund
                          AND other.claim_id > last.claim_id)
             ORDER BY person_id, claim_id
        """),
        {
            "person_ids": list(people),
            "district": district,
            "person_id": after[0] if after else None,
            "claim_id": after[1] if after else None,
        },
    )
    return [_withdrawal(**row._mapping) for row in rows]
