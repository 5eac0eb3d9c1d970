"""Changes of people and clients by two people: the database gives nobody powers without them."""

from __future__ import annotations

from alembic import op

from shared.evidence.tables import Watched
from shared.trail import folded_sql

revision = "identity_0005"
down_revision = "identity_0004"
branch_labels = None
depends_on = None

# `alone`: the operator at the machine, or set-up; who could add the first administrator otherwise?
# `factor_given_at`: the second factor goes to the proposer, the first password to the approver, so
# that neither can sign in as the person.
PRINCIPAL_CHANGE = f"""
CREATE TABLE principal_change (
    id              uuid        NOT NULL PRIMARY KEY,
    kind            text        NOT NULL
        CHECK (kind IN ('add', 'assign', 'enable', 'reset', 'rotate', 'message_key')),
    principal       text        NOT NULL,
    content         jsonb       NOT NULL,
    why             text        NOT NULL,
    proposed_by     text        NOT NULL,
    proposed_at     timestamptz NOT NULL,
    status          text        NOT NULL CHECK (status IN ('proposed', 'approved', 'refused')),
    decided_by      text,
    decided_at      timestamptz,
    alone           boolean     NOT NULL DEFAULT false,
    factor_given_at timestamptz,
    CONSTRAINT principal_change_decided CHECK (
        (status = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)
    ),
    CONSTRAINT principal_change_two_people CHECK (
        decided_by IS NULL OR alone OR {folded_sql("decided_by")} <> {folded_sql("proposed_by")}
    ),
    CONSTRAINT principal_change_alone CHECK (
        NOT alone
        OR (status = 'approved' AND decided_by = proposed_by AND proposed_by ~ '^(operator:|set-up$)')
    ),
    CONSTRAINT principal_change_not_ones_own CHECK (
        {folded_sql("principal")} <> {folded_sql("proposed_by")}
        AND {folded_sql("principal")} <> {folded_sql("coalesce(decided_by, '')")}
    )
)
"""

DECIDED_ONCE = """
CREATE FUNCTION principal_change_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'proposed' AND (NEW.status, NEW.decided_by, NEW.decided_at)
       IS DISTINCT FROM (OLD.status, OLD.decided_by, OLD.decided_at) THEN
        RAISE EXCEPTION 'a change of a principal is decided once';
    END IF;
    IF OLD.factor_given_at IS NOT NULL AND NEW.factor_given_at IS DISTINCT FROM OLD.factor_given_at
    THEN
        RAISE EXCEPTION 'a second factor is given once';
    END IF;
    RETURN NEW;
END
$$
"""

# A person's clients follow the person's role: their rows change by the person's change.
BY_TWO_PEOPLE = """
CREATE FUNCTION principal_by_two_people() RETURNS trigger LANGUAGE plpgsql
SET search_path = identity, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE'
       AND ROW(NEW.kind, NEW.role, NEW.district, NEW.units, NEW.person)
           IS NOT DISTINCT FROM ROW(OLD.kind, OLD.role, OLD.district, OLD.units, OLD.person)
       AND (NEW.state = OLD.state OR NEW.state = 'disabled') THEN
        RETURN NEW;
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.change_id IS DISTINCT FROM OLD.change_id) AND EXISTS (
        SELECT 1
          FROM principal_change AS approved
         WHERE approved.id = NEW.change_id
           AND approved.status = 'approved'
           AND (approved.principal = NEW.name
                OR (TG_OP = 'UPDATE' AND approved.principal = NEW.person))
           AND approved.content ->> 'role' = NEW.role
           AND approved.content ->> 'district' = NEW.district
           AND approved.content -> 'units' = coalesce(to_jsonb(NEW.units), 'null')
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the powers of % are not those that two people have approved', NEW.name;
END
$$
"""


def upgrade() -> None:
    for statement in (
        PRINCIPAL_CHANGE,
        "CREATE INDEX principal_change_of_principal ON principal_change (principal, id)",
        "CREATE INDEX principal_change_open ON principal_change (id) WHERE status = 'proposed'",
        DECIDED_ONCE,
        """
        CREATE TRIGGER principal_change_decided_once BEFORE UPDATE ON principal_change
            FOR EACH ROW EXECUTE FUNCTION principal_change_decided_once()
        """,
        *Watched(("id",)).ddl("principal_change"),
        "ALTER TABLE principal ADD COLUMN change_id uuid REFERENCES principal_change (id)",
        BY_TWO_PEOPLE,
        """
        CREATE TRIGGER principal_by_two_people BEFORE INSERT OR UPDATE ON principal
            FOR EACH ROW EXECUTE FUNCTION principal_by_two_people()
        """,
        "GRANT SELECT, INSERT ON principal_change TO wuxian_identity",
        "GRANT UPDATE (status, decided_by, decided_at, factor_given_at) ON principal_change"
        " TO wuxian_identity",
        "GRANT UPDATE (change_id) ON principal TO wuxian_identity",
    ):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER principal_by_two_people ON principal")
    op.execute("DROP FUNCTION principal_by_two_people()")
    op.execute("ALTER TABLE principal DROP COLUMN change_id")
    op.execute("DROP TABLE principal_change")
    op.execute("DROP FUNCTION principal_change_decided_once()")
