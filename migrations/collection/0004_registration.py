"""What declarations say beside the wage; shipped policies that came after the first install."""

from __future__ import annotations

from alembic import op

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


def downgrade() -> None:
    """Drop what the upgrade made."""
    for table in reversed(GRANTS):
        op.execute(f"DROP TABLE {table}")
