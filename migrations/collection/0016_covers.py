"""Periods of cover of one person share no day at one unit, and may be corrected with a reason.

Periods that were registered over an earlier one are marked: they stay as they are until a person
corrects or ends them. Nothing is refused and nothing is lost by the upgrade.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0016"
down_revision = "collection_0015"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

ENROLMENT = (
    # `left_on_presumed`: the end was not reported; it lasts to the day before the next period.
    """
    ALTER TABLE enrolment
        ADD COLUMN left_on_presumed boolean NOT NULL DEFAULT false,
        ADD COLUMN overlapping       boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT enrolment_presumed_end CHECK (NOT left_on_presumed OR left_on IS NOT NULL)
    """,
    # What remains unmarked shares no day with an earlier period, so no two of them share one.
    """
    UPDATE enrolment AS held
       SET overlapping = true
     WHERE EXISTS (SELECT 1
                     FROM enrolment AS earlier
                    WHERE earlier.unit_id = held.unit_id AND earlier.person_id = held.person_id
                      AND earlier.joined_on < held.joined_on
                      AND (earlier.left_on IS NULL OR earlier.left_on >= held.joined_on))
    """,
    """
    ALTER TABLE enrolment
        ADD CONSTRAINT enrolment_share_no_day
            EXCLUDE USING gist (unit_id WITH =, person_id WITH =,
                                daterange(joined_on, left_on, '[]') WITH &&)
            WHERE (NOT overlapping)
    """,
    # A corrected first day takes the categories with it.
    """
    ALTER TABLE enrolment_category
        DROP CONSTRAINT enrolment_category_unit_id_person_id_joined_on_fkey,
        ADD CONSTRAINT enrolment_category_unit_id_person_id_joined_on_fkey
            FOREIGN KEY (unit_id, person_id, joined_on)
            REFERENCES enrolment (unit_id, person_id, joined_on) ON UPDATE CASCADE
    """,
)

CORRECTION = """
    CREATE TABLE cover_correction (
        unit_id        bigint      NOT NULL REFERENCES unit (unit_id),
        id             uuid        NOT NULL,
        person_id      bigint      NOT NULL,
        was_joined_on  date        NOT NULL,
        was_left_on    date,
        now_joined_on  date        NOT NULL,
        now_left_on    date        CHECK (now_left_on >= now_joined_on),
        reason         text        NOT NULL,
        document       text,
        corrected_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id)
    )
"""

GRANTS = {
    "enrolment": "UPDATE (joined_on, left_on_presumed, overlapping)",
    "enrolment_category": "UPDATE (from_period)",
    "cover_correction": "SELECT, INSERT",
}


def upgrade() -> None:
    """Mark periods that overlap, and let no others in."""
    for statement in (*ENROLMENT, CORRECTION):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DROP TABLE cover_correction")
    op.execute(f"REVOKE UPDATE (from_period) ON enrolment_category FROM {ROLE}")
    op.execute(f"REVOKE UPDATE (joined_on) ON enrolment FROM {ROLE}")
    op.execute("""
        ALTER TABLE enrolment_category
            DROP CONSTRAINT enrolment_category_unit_id_person_id_joined_on_fkey,
            ADD CONSTRAINT enrolment_category_unit_id_person_id_joined_on_fkey
                FOREIGN KEY (unit_id, person_id, joined_on)
                REFERENCES enrolment (unit_id, person_id, joined_on)
    """)
    op.execute("""
        ALTER TABLE enrolment
            DROP CONSTRAINT enrolment_share_no_day,
            DROP CONSTRAINT enrolment_presumed_end,
            DROP COLUMN left_on_presumed,
            DROP COLUMN overlapping
    """)
