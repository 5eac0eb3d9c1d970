"""Names and identity numbers of persons are corrected, and two records merged, by two people.

A record whose number was corrected, or that was a second one of the same person, points to the
surviving record. Its periods of cover follow; those that were held twice are kept in the correction.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0018"
down_revision = "collection_0017"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

PERSON = """
    ALTER TABLE person
        ADD COLUMN merged_into      bigint,
        ADD COLUMN merged_into_uuid uuid,
        ADD CONSTRAINT person_merged CHECK ((merged_into IS NULL) = (merged_into_uuid IS NULL)),
        ADD CONSTRAINT person_not_itself CHECK (merged_into <> person_id)
"""
CORRECTION = (
    """
    CREATE TABLE person_correction (
        person_id      bigint      NOT NULL REFERENCES person (person_id),
        id             uuid        NOT NULL,
        person_uuid    uuid        NOT NULL,
        survivor_id    bigint      NOT NULL,
        survivor_uuid  uuid        NOT NULL,
        district       text        NOT NULL,
        status         text        NOT NULL CHECK (status IN ('proposed', 'in_force', 'refused')),
        masked_number  text        NOT NULL,
        right_number   text        NOT NULL,
        masked_name    text        NOT NULL,
        right_name     text        NOT NULL,
        sealed_name    bytea       NOT NULL,
        document_kind  text        NOT NULL,
        reason         text        NOT NULL,
        document       text        NOT NULL,
        periods        jsonb       NOT NULL DEFAULT '[]',
        proposed_at    timestamptz NOT NULL DEFAULT now(),
        decided_at     timestamptz,
        PRIMARY KEY (person_id, id),
        CHECK ((status = 'proposed') = (decided_at IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX person_correction_one_proposed
        ON person_correction (person_id) WHERE status = 'proposed'
    """,
)
FOLLOWS = """
    ALTER TABLE enrolment_category
        DROP CONSTRAINT enrolment_category_unit_id_person_id_joined_on_fkey,
        ADD CONSTRAINT enrolment_category_unit_id_person_id_joined_on_fkey
            FOREIGN KEY (unit_id, person_id, joined_on)
            REFERENCES enrolment (unit_id, person_id, joined_on)
            ON UPDATE CASCADE {on_delete}
"""
GRANTS = {
    "person": "UPDATE (sealed_name, merged_into, merged_into_uuid)",
    "person_correction": "SELECT, INSERT, UPDATE (status, decided_at, periods)",
    "enrolment": "UPDATE (person_id, person_uuid, masked_number, masked_name, document), DELETE",
}


def upgrade() -> None:
    """Make the table, and let records point to the one that survives."""
    for statement in (PERSON, *CORRECTION, FOLLOWS.format(on_delete="ON DELETE CASCADE")):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DROP TABLE person_correction")
    op.execute(FOLLOWS.format(on_delete=""))
    op.execute(f"REVOKE DELETE ON enrolment FROM {ROLE}")
    op.execute(
        "REVOKE UPDATE (person_id, person_uuid, masked_number, masked_name, document)"
        f" ON enrolment FROM {ROLE}"
    )
    op.execute(f"REVOKE UPDATE (sealed_name) ON person FROM {ROLE}")
    op.execute("ALTER TABLE person DROP COLUMN merged_into, DROP COLUMN merged_into_uuid")
