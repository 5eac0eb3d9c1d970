"""SQL of sign-ins that are under way at the provider."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.providers.domain import ProviderAttempt


async def insert(tx: AsyncConnection, state_sha256: str, new: ProviderAttempt) -> None:
    """Insert an attempt; old ones are forgotten."""
    await tx.execute(text("DELETE FROM provider_attempt WHERE expires_at < now()"))
    await tx.execute(
        text("""
            INSERT INTO provider_attempt (state_sha256, nonce, code_verifier, redirect_url,
                                          expires_at)
            VALUES (:state_sha256, :nonce, :code_verifier, :redirect_url, :expires_at)
        """),
        {
            "state_sha256": state_sha256,
            "nonce": new.nonce,
            "code_verifier": new.code_verifier,
            "redirect_url": new.redirect_url,
            "expires_at": new.expires_at,
        },
    )


async def take(tx: AsyncConnection, state_sha256: str, now: datetime) -> ProviderAttempt | None:
    """Take an attempt out, once; None when there is none or it is too old."""
    found = await tx.execute(
        text("""
            DELETE FROM provider_attempt
             WHERE state_sha256 = :state_sha256
            RETURNING nonce, code_verifier, redirect_url, expires_at
        """),
        {"state_sha256": state_sha256},
    )
    row = found.one_or_none()
    if row is None or row.expires_at <= now:
        return None
    return ProviderAttempt(**row._mapping)
