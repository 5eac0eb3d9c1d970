"""Construction projects and their contributions, and waivers of what paying late has cost.

A project is declared once: its papers are numbered, and the first number exists once. What its
contract comes to is a history that is only added to. A waiver lowers an open charge bill; what was
asked for at first is what it asks for now and what was waived together.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0009"
down_revision = "collection_0008"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

PROJECTS = (
    """
    CREATE TABLE project (
        unit_id       bigint      NOT NULL REFERENCES unit (unit_id),
        id            uuid        NOT NULL,
        number        text        NOT NULL,
        name          text        NOT NULL,
        credit_code   text        NOT NULL,
        starts_on     date        NOT NULL,
        ends_on       date        NOT NULL CHECK (ends_on >= starts_on),
        registered_by text        NOT NULL,
        registered_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        UNIQUE (unit_id, number)
    )
    """,
    # Version 1 is the contract as it was signed; each change of the sum is a version of its own.
    """
    CREATE TABLE project_contract (
        unit_id      bigint      NOT NULL,
        project_id   uuid        NOT NULL,
        version      smallint    NOT NULL CHECK (version >= 1),
        contract_fen bigint      NOT NULL CHECK (contract_fen > 0),
        signed_on    date        NOT NULL,
        source_paper text        NOT NULL,
        recorded_by  text        NOT NULL,
        recorded_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, project_id, version),
        FOREIGN KEY (unit_id, project_id) REFERENCES project (unit_id, id)
    )
    """,
    # One row a round of a paper: paper 1 is the project's declaration, later ones restate it.
    """
    CREATE TABLE project_paper (
        unit_id          bigint   NOT NULL,
        declaration_id   uuid     NOT NULL,
        round            integer  NOT NULL,
        project_id       uuid     NOT NULL,
        number           smallint NOT NULL CHECK (number >= 1),
        contract_version smallint NOT NULL,
        PRIMARY KEY (unit_id, declaration_id, round),
        UNIQUE (unit_id, project_id, number, round),
        FOREIGN KEY (unit_id, declaration_id) REFERENCES declaration (unit_id, id),
        FOREIGN KEY (unit_id, project_id, contract_version)
            REFERENCES project_contract (unit_id, project_id, version)
    )
    """,
    """
    CREATE TABLE project_certificate (
        unit_id      bigint      NOT NULL,
        id           uuid        NOT NULL,
        project_id   uuid        NOT NULL,
        number       text        NOT NULL,
        credit_code  text        NOT NULL,
        district     text        NOT NULL,
        as_of        date        NOT NULL,
        contract_fen bigint      NOT NULL,
        paid_fen     bigint      NOT NULL CHECK (paid_fen > 0),
        issued_by    text        NOT NULL,
        issued_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        UNIQUE (unit_id, number),
        FOREIGN KEY (unit_id, project_id) REFERENCES project (unit_id, id)
    )
    """,
)

WAIVERS = (
    # Beside what is asked for now: what was waived of it. Their sum is what was fixed.
    """
    ALTER TABLE bill
        ADD COLUMN waived_fen bigint NOT NULL DEFAULT 0 CHECK (waived_fen >= 0),
        ADD CONSTRAINT bill_only_charges_are_waived CHECK (waived_fen = 0 OR kind = 'charge')
    """,
    """
    ALTER TABLE bill_line
        ADD COLUMN waived_fen bigint NOT NULL DEFAULT 0 CHECK (waived_fen >= 0)
    """,
    """
    CREATE TABLE waiver (
        unit_id      bigint      NOT NULL REFERENCES unit (unit_id),
        id           uuid        NOT NULL,
        bill_id      uuid        NOT NULL,
        credit_code  text        NOT NULL,
        district     text        NOT NULL,
        period       text        NOT NULL,
        reason       text        NOT NULL,
        evidence     text        NOT NULL,
        note         text        NOT NULL,
        asked_on     date        NOT NULL,
        amount_fen   bigint      NOT NULL CHECK (amount_fen > 0),
        status       text        NOT NULL CHECK (status IN ('filed', 'approved', 'refused')),
        decided_on   date        CHECK (decided_on >= asked_on),
        filed_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id),
        FOREIGN KEY (unit_id, bill_id) REFERENCES bill (unit_id, id),
        CHECK ((status = 'filed') = (decided_on IS NULL))
    )
    """,
    "CREATE UNIQUE INDEX waiver_one_filed_a_bill ON waiver (unit_id, bill_id) WHERE status = 'filed'",
    "CREATE INDEX waiver_of_bill ON waiver (unit_id, bill_id)",
    "CREATE INDEX waiver_of_district ON waiver (district, status, unit_id, id)",
    """
    CREATE TABLE waiver_line (
        unit_id    bigint   NOT NULL,
        waiver_id  uuid     NOT NULL,
        line_no    smallint NOT NULL,
        kind       text     NOT NULL CHECK (kind IN ('late_fee', 'interest')),
        insurance  text     NOT NULL,
        fund       text     NOT NULL,
        amount_fen bigint   NOT NULL CHECK (amount_fen > 0),
        PRIMARY KEY (unit_id, waiver_id, line_no),
        FOREIGN KEY (unit_id, waiver_id) REFERENCES waiver (unit_id, id)
    )
    """,
)


def _issued_stands(table: str, asked: str, lowered: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the amount that was asked for first: asked now and what lowered it have that sum."""
    name = f"{table}_issued_stands"
    before, after = (
        " + ".join(f"{row}.{column}" for column in (asked, *lowered)) for row in ("OLD", "NEW")
    )
    shrunk = " OR ".join(f"NEW.{column} < OLD.{column}" for column in lowered)
    return (
        f"DROP TRIGGER {name} ON {table}",
        f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {after} <> {before} OR {shrunk} THEN
                RAISE EXCEPTION 'what a bill or a line of it was issued over never changes'
                    USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
            END IF;
            RETURN NEW;
        END $$
        """,
        f"""
        CREATE TRIGGER {name}
            BEFORE UPDATE OF {", ".join((asked, *lowered))} ON {table}
            FOR EACH ROW EXECUTE FUNCTION {name}()
        """,
    )


STANDS = (
    *_issued_stands("bill", "total_fen", ("credited_fen", "waived_fen")),
    *_issued_stands("bill_line", "amount_fen", ("credited_fen", "waived_fen")),
)
STOOD = (
    *_issued_stands("bill", "total_fen", ("credited_fen",)),
    *_issued_stands("bill_line", "amount_fen", ("credited_fen",)),
)

GRANTS = {
    "project": "SELECT, INSERT",
    "project_contract": "SELECT, INSERT",
    "project_paper": "SELECT, INSERT",
    "project_certificate": "SELECT, INSERT",
    "waiver": "SELECT, INSERT, UPDATE (status, decided_on)",
    "waiver_line": "SELECT, INSERT",
}
LOWERED = {
    "bill": "UPDATE (total_fen, waived_fen)",
    "bill_line": "UPDATE (amount_fen, waived_fen)",
}


def upgrade() -> None:
    """Make the tables; let the service lower what a bill asks for."""
    for statement in (*PROJECTS, *WAIVERS, *STANDS):
        op.execute(statement)
    for table, rights in (GRANTS | LOWERED).items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made; the rights to lower amounts are the earlier revision's too."""
    for table in reversed(GRANTS):
        op.execute(f"DROP TABLE {table}")
    for statement in STOOD:
        op.execute(statement)
    op.execute("ALTER TABLE bill_line DROP COLUMN waived_fen")
    op.execute("""
        ALTER TABLE bill
            DROP CONSTRAINT bill_only_charges_are_waived,
            DROP COLUMN waived_fen
    """)
