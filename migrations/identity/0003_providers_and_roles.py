"""Sign-ins that are under way at the site's OpenID provider; rights of roles, changed by two people."""

from alembic import op

from shared import idempotency
from shared.evidence.tables import Watched
from shared.trail import folded_sql

revision = "identity_0003"
down_revision = "identity_0002"
branch_labels = None
depends_on = None

PROVIDER_ATTEMPT = """
CREATE TABLE provider_attempt (
    state_sha256  text        NOT NULL PRIMARY KEY,
    nonce         text        NOT NULL,
    code_verifier text        NOT NULL,
    expires_at    timestamptz NOT NULL
)
"""

# Only the roles whose rights differ from the shipped table have a row.
ROLE_RIGHTS = """
CREATE TABLE role_rights (
    role      text   NOT NULL PRIMARY KEY,
    rights    text[] NOT NULL,
    change_id uuid   NOT NULL REFERENCES role_change (id)
)
"""

ROLE_CHANGE = f"""
CREATE TABLE role_change (
    id          uuid        NOT NULL PRIMARY KEY,
    role        text        NOT NULL,
    rights      text[]      NOT NULL,
    why         text        NOT NULL,
    proposed_by text        NOT NULL,
    proposed_at timestamptz NOT NULL,
    status      text        NOT NULL CHECK (status IN ('proposed', 'approved', 'refused')),
    decided_by  text,
    CONSTRAINT role_change_decided CHECK ((status = 'proposed') = (decided_by IS NULL)),
    CONSTRAINT role_change_two_people
        CHECK (decided_by IS NULL OR {folded_sql("decided_by")} <> {folded_sql("proposed_by")})
)
"""

WATCHED = {"role_change": Watched(("id",)), "role_rights": Watched(("role",))}
"""Every change of a role's rights is recorded in the evidence."""


def upgrade() -> None:
    for statement in (PROVIDER_ATTEMPT, ROLE_CHANGE, ROLE_RIGHTS):
        op.execute(statement)
    for statement in (idempotency.DDL, idempotency.KEY_DDL):
        op.execute(statement)
    for table, how in WATCHED.items():
        for statement in how.ddl(table):
            op.execute(statement)
    op.execute("GRANT SELECT, INSERT, UPDATE ON idempotency TO wuxian_identity")
    op.execute("GRANT SELECT, INSERT ON idempotency_key, role_change TO wuxian_identity")
    op.execute("GRANT UPDATE (status, decided_by) ON role_change TO wuxian_identity")
    op.execute("GRANT SELECT, INSERT, UPDATE ON role_rights TO wuxian_identity")
    op.execute("GRANT SELECT, INSERT, DELETE ON provider_attempt TO wuxian_identity")


def downgrade() -> None:
    for table in (
        "idempotency_key",
        "idempotency",
        "role_rights",
        "role_change",
        "provider_attempt",
    ):
        op.execute(f"DROP TABLE {table}")
