"""Bought and extended months of pension insurance, declared for one person at once."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0051"
down_revision = "collection_0050"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"
KINDS: Final = "'monthly', 'default', 'adjustment', 'project'"


def _first(kinds: str) -> None:
    """Make the index of a month's first declaration anew; these kinds are of no month."""
    op.execute("DROP INDEX declaration_first")
    op.execute(f"""
        CREATE UNIQUE INDEX declaration_first
            ON declaration (unit_id, period)
         WHERE corrects IS NULL AND kind NOT IN ({kinds})
               AND status NOT IN ('superseded', 'withdrawn')
    """)


def _kinds(kinds: str) -> None:
    op.execute(f"""
        ALTER TABLE declaration
          DROP CONSTRAINT declaration_kind_check,
          ADD CONSTRAINT declaration_kind_check CHECK (kind IN ({kinds}))
    """)


def upgrade() -> None:
    """Allow the kind, and make the table of its months."""
    _kinds(f"{KINDS}, 'extension'")
    _first("'project', 'extension'")
    op.execute("""
        CREATE TABLE contribution_extension (
            unit_id        bigint NOT NULL,
            declaration_id uuid   NOT NULL,
            person_id      bigint NOT NULL,
            person_uuid    uuid   NOT NULL,
            first          text   NOT NULL,
            last           text   NOT NULL CHECK (last >= first),
            base_fen       bigint NOT NULL CHECK (base_fen > 0),
            document       text   NOT NULL CHECK (document <> ''),
            PRIMARY KEY (unit_id, declaration_id),
            FOREIGN KEY (unit_id, declaration_id) REFERENCES declaration (unit_id, id)
        )
    """)
    op.execute("""
        CREATE INDEX contribution_extension_of_person
            ON contribution_extension (unit_id, person_id)
    """)
    op.execute(f"GRANT SELECT, INSERT ON contribution_extension TO {ROLE}")


def downgrade() -> None:
    """Drop the table; declarations of bought months keep the table from being dropped."""
    op.execute("DROP TABLE contribution_extension")
    _first("'project'")
    _kinds(KINDS)
