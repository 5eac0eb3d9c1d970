"""The subject by which the site's OpenID provider knows a person: given by two administrators."""

from __future__ import annotations

from alembic import op

revision = "identity_0007"
down_revision = "identity_0006"
branch_labels = None
depends_on = None

_KINDS = "'add', 'assign', 'enable', 'reset', 'rotate', 'message_key'"

# Whoever may name the subject may sign in as the person: it needs two people like a role does. Its
# end needs none.
LINKED_BY_TWO_PEOPLE = """
CREATE FUNCTION principal_linked_by_two_people() RETURNS trigger LANGUAGE plpgsql
SET search_path = identity, pg_temp AS $$
BEGIN
    IF NEW.provider_subject IS NULL
       OR (TG_OP = 'UPDATE' AND NEW.provider_subject IS NOT DISTINCT FROM OLD.provider_subject)
       OR ((TG_OP = 'INSERT' OR NEW.change_id IS DISTINCT FROM OLD.change_id) AND EXISTS (
               SELECT 1
                 FROM principal_change AS approved
                WHERE approved.id = NEW.change_id
                  AND approved.kind = CASE TG_OP WHEN 'INSERT' THEN 'add' ELSE 'link' END
                  AND approved.status = 'approved'
                  AND approved.principal = NEW.name
                  AND approved.content ->> 'provider_subject' = NEW.provider_subject
           )) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the provider subject of % is not the one that two people have approved', NEW.name;
END
$$
"""


def upgrade() -> None:
    for statement in (
        """
        ALTER TABLE principal
            ADD COLUMN provider_subject text
                CONSTRAINT principal_one_a_provider_subject UNIQUE,
            ADD CONSTRAINT principal_person_of_a_subject
                CHECK (provider_subject IS NULL OR kind = 'person')
        """,
        LINKED_BY_TWO_PEOPLE,
        """
        CREATE TRIGGER principal_linked_by_two_people BEFORE INSERT OR UPDATE ON principal
            FOR EACH ROW EXECUTE FUNCTION principal_linked_by_two_people()
        """,
        "GRANT UPDATE (provider_subject) ON principal TO wuxian_identity",
        "ALTER TABLE principal_change DROP CONSTRAINT principal_change_kind_check",
        f"""
        ALTER TABLE principal_change ADD CONSTRAINT principal_change_kind_check
            CHECK (kind IN ({_KINDS}, 'link'))
        """,
        # Sign-ins that are under way begin anew: they last ten minutes.
        "DELETE FROM provider_attempt",
        "ALTER TABLE provider_attempt ADD COLUMN redirect_url text NOT NULL",
    ):
        op.execute(statement)


def downgrade() -> None:
    for statement in (
        "ALTER TABLE provider_attempt DROP COLUMN redirect_url",
        "ALTER TABLE principal_change DROP CONSTRAINT principal_change_kind_check",
        f"""
        ALTER TABLE principal_change ADD CONSTRAINT principal_change_kind_check
            CHECK (kind IN ({_KINDS})) NOT VALID
        """,
        "DROP TRIGGER principal_linked_by_two_people ON principal",
        "DROP FUNCTION principal_linked_by_two_people()",
        "ALTER TABLE principal DROP COLUMN provider_subject",
    ):
        op.execute(statement)
