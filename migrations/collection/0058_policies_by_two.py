"""The database puts a policy in force only with the name of a second person, and lets one be refused.

A version keeps who decided on it. The name of a refused draft may be used again.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.trail import folded_sql

revision = "collection_0058"
down_revision = "collection_0057"
branch_labels = None
depends_on = None

UP: Final = (
    "ALTER TABLE policy ADD COLUMN decided_by text",
    # Before, the trail alone knew who approved.
    """
    UPDATE policy
       SET decided_by = (SELECT person FROM trail
                          WHERE paper = 'policy' AND paper_id = policy.id AND step = 'approve')
     WHERE status = 'in_force' AND author <> 'shipped'
    """,
    "ALTER TABLE policy DROP CONSTRAINT policy_status_check",
    """
    ALTER TABLE policy ADD CONSTRAINT policy_status_check
        CHECK (status IN ('draft', 'in_force', 'refused'))
    """,
    f"""
    ALTER TABLE policy ADD CONSTRAINT policy_decided_by_another CHECK (
        CASE WHEN status = 'draft' THEN decided_by IS NULL
             ELSE author = 'shipped'
                  OR decided_by IS NOT NULL
                     AND {folded_sql("decided_by")} <> {folded_sql("author")} END)
    """,
    "ALTER TABLE policy DROP CONSTRAINT policy_region_pack_key",
    "CREATE UNIQUE INDEX policy_of_name ON policy (region, pack) WHERE status <> 'refused'",
    "GRANT UPDATE (decided_by) ON policy TO wuxian_collection",
)
DOWN: Final = (
    "DELETE FROM policy WHERE status = 'refused'",
    "DROP INDEX policy_of_name",
    "ALTER TABLE policy ADD CONSTRAINT policy_region_pack_key UNIQUE (region, pack)",
    "ALTER TABLE policy DROP CONSTRAINT policy_decided_by_another",
    "ALTER TABLE policy DROP CONSTRAINT policy_status_check",
    """
    ALTER TABLE policy ADD CONSTRAINT policy_status_check CHECK (status IN ('draft', 'in_force'))
    """,
    "ALTER TABLE policy DROP COLUMN decided_by",
)


def upgrade() -> None:
    """Write who decided on each version, and hold two people."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Let the trail alone know who decided; refused drafts go."""
    for statement in DOWN:
        op.execute(statement)
