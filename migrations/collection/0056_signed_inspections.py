"""The database decides an inspection only by three people's signatures, and orders money back after.

A case moves by its steps, its findings stay as they were decided, and nobody who signed a decision
withdraws it.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.trail import folded_sql

revision = "collection_0056"
down_revision = "collection_0055"
branch_labels = None
depends_on = None

UP: Final = (
    # Cases that were withdrawn before stay as they are.
    f"""
    ALTER TABLE inspection ADD CONSTRAINT inspection_withdrawn_by_another CHECK (
        outcome IS DISTINCT FROM 'withdrawn' OR decided_by IS NULL
        OR {folded_sql("closed_by")} NOT IN ({folded_sql("proposed_by")},
                                             {folded_sql("decided_by")})) NOT VALID
    """,
    f"""
    CREATE FUNCTION require_inspection_step() RETURNS trigger LANGUAGE plpgsql
    SET search_path = collection, pg_temp AS $$
    DECLARE
        signed integer;
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.status <> 'opened' THEN
                RAISE EXCEPTION 'a case begins opened'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_moves';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.status = OLD.status AND OLD.status NOT IN ('decided', 'closed') THEN
            RETURN NEW;
        END IF;
        IF (OLD.status, NEW.status) NOT IN (
               ('opened', 'noticed'), ('opened', 'closed'), ('noticed', 'proposed'),
               ('noticed', 'closed'), ('proposed', 'noticed'), ('proposed', 'decided'),
               ('decided', 'closed'))
           OR (OLD.status = 'decided' AND (OLD.round, OLD.proposed_by, OLD.decided_by)
                   IS DISTINCT FROM (NEW.round, NEW.proposed_by, NEW.decided_by)) THEN
            RAISE EXCEPTION 'a case does not go from % to %', OLD.status, NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_moves';
        END IF;
        IF NEW.status = 'decided' THEN
            SELECT count(DISTINCT {folded_sql("person")}) INTO signed
              FROM trail
             WHERE shard_key = NEW.unit_id AND paper_id = NEW.id AND paper = 'inspection' AND signs
               AND CASE step
                       WHEN 'open' THEN {folded_sql("person")} = {folded_sql("NEW.opened_by")}
                       WHEN 'propose' THEN round = NEW.round
                            AND {folded_sql("person")} = {folded_sql("NEW.proposed_by")}
                       WHEN 'decide' THEN round = NEW.round
                            AND {folded_sql("person")} = {folded_sql("NEW.decided_by")}
                       ELSE false
                   END;
            IF signed < 3 THEN
                RAISE EXCEPTION 'three people have not signed the decision'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_three_people';
            END IF;
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER inspection_step BEFORE INSERT OR UPDATE ON inspection
       FOR EACH ROW EXECUTE FUNCTION require_inspection_step()
    """,
    # Findings are added before the notice, and upheld or dropped before the decision.
    """
    CREATE FUNCTION require_undecided_inspection() RETURNS trigger LANGUAGE plpgsql
    SET search_path = collection, pg_temp AS $$
    DECLARE
        state text := (SELECT status FROM inspection
                        WHERE unit_id = NEW.unit_id AND id = NEW.inspection_id);
    BEGIN
        IF (TG_OP = 'INSERT' AND state <> 'opened')
           OR (TG_OP = 'UPDATE' AND state NOT IN ('noticed', 'proposed')) THEN
            RAISE EXCEPTION 'the findings of a case that is % stay', state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_finding_stays';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER inspection_finding_stays BEFORE INSERT OR UPDATE ON inspection_finding
       FOR EACH ROW EXECUTE FUNCTION require_undecided_inspection()
    """,
    """
    CREATE FUNCTION require_decided_recovery() RETURNS trigger LANGUAGE plpgsql
    SET search_path = collection, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (
               SELECT FROM inspection AS owner
                 JOIN inspection_finding AS finding
                   ON finding.unit_id = owner.unit_id AND finding.inspection_id = owner.id
                WHERE owner.unit_id = NEW.unit_id AND owner.id = NEW.inspection_id
                  AND owner.status = 'decided' AND finding.finding_no = NEW.finding_no
                  AND finding.kind = 'benefit_wrong' AND finding.dropped IS NULL) THEN
            RAISE EXCEPTION 'no decided finding orders this recovery'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_recovery_decided';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER inspection_recovery_decided BEFORE INSERT ON inspection_recovery
       FOR EACH ROW EXECUTE FUNCTION require_decided_recovery()
    """,
)
DOWN: Final = (
    "DROP TRIGGER inspection_recovery_decided ON inspection_recovery",
    "DROP TRIGGER inspection_finding_stays ON inspection_finding",
    "DROP TRIGGER inspection_step ON inspection",
    "DROP FUNCTION require_decided_recovery()",
    "DROP FUNCTION require_undecided_inspection()",
    "DROP FUNCTION require_inspection_step()",
    "ALTER TABLE inspection DROP CONSTRAINT inspection_withdrawn_by_another",
)


def upgrade() -> None:
    """Make the triggers and the constraint."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Let the service alone keep the order of the steps."""
    for statement in DOWN:
        op.execute(statement)
