"""The signing of a bank's files, as its profile says. The banks of before exchange unsigned files."""

from __future__ import annotations

from alembic import op

revision = "collection_0046"
down_revision = "collection_0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns of a profile."""
    op.execute("""
        ALTER TABLE bank_profile
            ADD COLUMN signature           text NOT NULL DEFAULT 'none'
                       CHECK (signature IN ('none', 'raw', 'jws')),
            ADD COLUMN signature_algorithm text,
            ADD COLUMN signing_client      text NOT NULL DEFAULT '',
            ADD COLUMN own_key_id          text NOT NULL DEFAULT '',
            ADD CONSTRAINT bank_profile_signing
                CHECK (signature = 'none' OR (signing_client <> '' AND own_key_id <> ''))
    """)


def downgrade() -> None:
    """Drop them: files are unsigned."""
    op.execute("""
        ALTER TABLE bank_profile
            DROP CONSTRAINT bank_profile_signing, DROP COLUMN signature,
            DROP COLUMN signature_algorithm, DROP COLUMN signing_client, DROP COLUMN own_key_id
    """)
