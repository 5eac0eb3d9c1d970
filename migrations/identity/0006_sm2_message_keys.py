"""Clients may sign their messages with SM2 and SM3."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "identity_0006"
down_revision = "identity_0005"
branch_labels = None
depends_on = None

CHECK: Final = "client_signing_key_algorithm_check"
BEFORE: Final = "'ed25519', 'rsa-pss-sha512', 'ecdsa-p256-sha256'"


def _accept(algorithms: str) -> None:
    op.execute(f"ALTER TABLE client_signing_key DROP CONSTRAINT {CHECK}")
    op.execute(
        f"ALTER TABLE client_signing_key ADD CONSTRAINT {CHECK} CHECK (algorithm IN ({algorithms}))"
    )


def upgrade() -> None:
    """Accept one more algorithm."""
    _accept(f"{BEFORE}, 'sm2-sm3'")


def downgrade() -> None:
    """Accept it no longer; fails while a key of it is registered."""
    _accept(BEFORE)
