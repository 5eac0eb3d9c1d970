"""SQL of banks and of corrections of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.bank_profile import BankProfile, BankProfileCorrection

_PROFILE = (
    "code, name, format, own_account, own_name, own_bank, own_bank_code, own_id, lines_max, "
    "signature, signature_algorithm, signing_client, own_key_id"
)
_CORRECTION = "id, code, profile, reason, status, filed_by"


async def profiles(tx: AsyncConnection) -> Sequence[BankProfile]:
    """Read all banks by code."""
    rows = await tx.execute(text(f"SELECT {_PROFILE} FROM bank_profile ORDER BY code LIMIT 1000"))
    return [BankProfile(**row._mapping) for row in rows]


async def find(tx: AsyncConnection, code: str) -> BankProfile | None:
    """Read one bank; None when there is none."""
    rows = await tx.execute(
        text(f"SELECT {_PROFILE} FROM bank_profile WHERE code = :code"), {"code": code}
    )
    row = rows.one_or_none()
    return BankProfile(**row._mapping) if row else None


async def save(tx: AsyncConnection, profile: BankProfile) -> None:
    """Write a bank's row as it is from now on."""
    await tx.execute(
        text(f"""
            INSERT INTO bank_profile ({_PROFILE})
            VALUES (:code, :name, :format, :own_account, :own_name, :own_bank, :own_bank_code,
                    :own_id, :lines_max, :signature, :signature_algorithm, :signing_client,
                    :own_key_id)
            ON CONFLICT (code) DO UPDATE
               SET name = excluded.name, format = excluded.format,
                   own_account = excluded.own_account, own_name = excluded.own_name,
                   own_bank = excluded.own_bank, own_bank_code = excluded.own_bank_code,
                   own_id = excluded.own_id, lines_max = excluded.lines_max,
                   signature = excluded.signature,
                   signature_algorithm = excluded.signature_algorithm,
                   signing_client = excluded.signing_client, own_key_id = excluded.own_key_id
        """),
        asdict(profile),
    )


async def waiting(tx: AsyncConnection) -> Sequence[BankProfileCorrection]:
    """Read the corrections that are not decided yet, by bank."""
    rows = await tx.execute(
        text(f"""
            SELECT {_CORRECTION}
              FROM bank_profile_correction
             WHERE status = 'filed'
             ORDER BY code
             LIMIT 1000
        """)
    )
    return [BankProfileCorrection(**row._mapping) for row in rows]


async def insert_correction(tx: AsyncConnection, correction: BankProfileCorrection) -> bool:
    """Write a correction; return False when another of the bank is not decided yet."""
    made = await tx.execute(
        text("""
            INSERT INTO bank_profile_correction (id, code, profile, reason, status, filed_by)
            VALUES (:id, :code, CAST(:profile AS jsonb), :reason, 'filed', :filed_by)
            ON CONFLICT (code) WHERE status = 'filed' DO NOTHING
            RETURNING id
        """),
        {
            "id": correction.id,
            "code": correction.code,
            "profile": orjson.dumps(correction.profile).decode(),
            "reason": correction.reason,
            "filed_by": correction.filed_by,
        },
    )
    return made.first() is not None


async def correction(tx: AsyncConnection, id: UUID) -> BankProfileCorrection | None:
    """Read one correction; None when there is none."""
    rows = await tx.execute(
        text(f"SELECT {_CORRECTION} FROM bank_profile_correction WHERE id = :id"), {"id": id}
    )
    row = rows.one_or_none()
    return BankProfileCorrection(**row._mapping) if row else None


async def decide_correction(tx: AsyncConnection, id: UUID, to: str) -> bool:
    """Decide a correction; return False when it was decided before."""
    made = await tx.execute(
        text("""
            UPDATE bank_profile_correction SET status = :to, decided_at = now()
             WHERE id = :id AND status = 'filed'
         RETURNING id
        """),
        {"id": id, "to": to},
    )
    return made.first() is not None
