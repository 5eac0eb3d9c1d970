"""What declarations say beside the wage; shipped policies that came after the first install."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.collection.store import shipped
from shared.ids import key_of, uuid7

revision = "collection_0004"
down_revision = "collection_0003"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

FIGURES = (
    # Only where a policy takes a base from more than the wage, or credits by age. Line 0 is the
    # unit. No foreign key: its check would cost more than the row.
    """
    CREATE TABLE declaration_figures (
        unit_id        bigint   NOT NULL,
        declaration_id uuid     NOT NULL,
        round          integer  NOT NULL,
        line_no        integer  NOT NULL,
        figures_fen    bigint[] NOT NULL,
        age            smallint,
        PRIMARY KEY (unit_id, declaration_id, round, line_no)
    )
    """,
)

GRANTS = {"declaration_figures": "SELECT, INSERT"}


def upgrade() -> None:
    """Make the tables and grant what the service needs."""
    for statement in FIGURES:
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")
    for pack in shipped.packs():
        _install(pack)


def _install(pack: dict[str, Any]) -> None:
    """Put a shipped pack in force where no version of its name is known and its days are free."""
    canonical = json.dumps(pack, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    policy_id = uuid7()
    made = op.get_bind().execute(
        sa.text("""
            INSERT INTO policy (id, region, pack, title, effective_from, effective_to, status,
                                content, content_hash, author, published_at)
            SELECT CAST(:id AS uuid), CAST(:region AS text), CAST(:pack AS text),
                   CAST(:title AS text), CAST(:from_day AS date), CAST(:to_day AS date),
                   'in_force', CAST(:content AS jsonb), CAST(:content_hash AS bytea), 'shipped',
                   now()
             WHERE NOT EXISTS (
                   SELECT 1
                     FROM policy
                    WHERE region = CAST(:region AS text)
                      AND (pack = CAST(:pack AS text)
                           OR (status = 'in_force'
                               AND daterange(effective_from, effective_to, '[]')
                                   && daterange(CAST(:from_day AS date), CAST(:to_day AS date),
                                                '[]'))))
        """),
        {
            "id": policy_id,
            "region": pack["region"],
            "pack": pack["pack"],
            "title": pack["title"],
            "from_day": date.fromisoformat(pack["in_force_from"]),
            "to_day": date.fromisoformat(pack["in_force_to"]) if pack["in_force_to"] else None,
            "content": canonical,
            "content_hash": hashlib.sha256(canonical.encode()).digest(),
        },
    )
    if made.rowcount:
        op.get_bind().execute(
            sa.text("""
                INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role,
                                   level, district, why)
                VALUES (:shard_key, :id, 'policy', :paper_id, 'install', false, 'shipped',
                        'shipped', 'centre', 'centre', 'shipped with the product')
            """),
            {
                "shard_key": key_of("region", str(pack["region"])),
                "id": uuid7(),
                "paper_id": policy_id,
            },
        )


def downgrade() -> None:
    """Drop what the upgrade made."""
    for table in reversed(GRANTS):
        op.execute(f"DROP TABLE {table}")
