"""Principals (people and clients), their credentials, sessions, signing keys and revocations."""

from alembic import op

revision = "identity_0001"
down_revision = None
branch_labels = None
depends_on = None

# `folded` is the name in one width, lower case and without blanks: no two principals share it.
PRINCIPAL = """
CREATE TABLE principal (
    name         text        NOT NULL PRIMARY KEY,
    folded       text        NOT NULL CONSTRAINT principal_one_a_name UNIQUE,
    kind         text        NOT NULL CHECK (kind IN ('person', 'client')),
    display      text        NOT NULL,
    organisation text,
    person       text        REFERENCES principal (name),
    role         text        NOT NULL,
    district     text        NOT NULL,
    units        text[],
    state        text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    version      bigint      NOT NULL DEFAULT 1,
    created_by   text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT principal_person_of_a_client CHECK (person IS NULL OR kind = 'client')
)
"""

# A secret is stored as a hash that cannot be turned back, a TOTP seed sealed, a public key plainly.
CREDENTIAL = """
CREATE TABLE credential (
    id         uuid        NOT NULL PRIMARY KEY,
    principal  text        NOT NULL REFERENCES principal (name),
    kind       text        NOT NULL
        CHECK (kind IN ('client_secret', 'password', 'totp', 'public_key')),
    value      text        NOT NULL,
    must_change boolean    NOT NULL DEFAULT false,
    last_step  bigint,
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ends_at    timestamptz
)
"""

SESSION = """
CREATE TABLE session (
    secret_sha256 text        NOT NULL PRIMARY KEY,
    sid           text        NOT NULL CONSTRAINT session_sid UNIQUE,
    principal     text        NOT NULL REFERENCES principal (name),
    version       bigint      NOT NULL,
    address       text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    seen_at       timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    ended_at      timestamptz
)
"""

SIGNING_KEY = """
CREATE TABLE signing_key (
    kid         text        NOT NULL PRIMARY KEY,
    public      jsonb       NOT NULL,
    sealed      bytea       NOT NULL,
    made_by     text        NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT now(),
    signs_from  timestamptz NOT NULL,
    trusted_until timestamptz
)
"""

REVOKED_TOKEN = """
CREATE TABLE revoked_token (
    jti        text        NOT NULL PRIMARY KEY,
    revoked_by text        NOT NULL,
    revoked_at timestamptz NOT NULL DEFAULT now()
)
"""

ATTEMPT = """
CREATE TABLE attempt (
    subject      text        NOT NULL PRIMARY KEY,
    failures     integer     NOT NULL,
    locked_until timestamptz,
    last_at      timestamptz NOT NULL
)
"""

USED_ASSERTION = """
CREATE TABLE used_assertion (
    client     text        NOT NULL,
    jti        text        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client, jti)
)
"""

EVENT = """
CREATE TABLE event (
    id        uuid        NOT NULL PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    kind      text        NOT NULL,
    principal text,
    by        text        NOT NULL,
    detail    jsonb       NOT NULL DEFAULT '{}'
)
"""

FROZEN = """
CREATE FUNCTION event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an identity event is never changed or deleted';
END
$$
"""

TABLES = (
    "event",
    "used_assertion",
    "attempt",
    "revoked_token",
    "signing_key",
    "session",
    "credential",
    "principal",
)


def upgrade() -> None:
    for statement in (
        PRINCIPAL,
        "CREATE INDEX principal_changed_lately ON principal (changed_at)",
        "CREATE INDEX principal_of_person ON principal (person) WHERE person IS NOT NULL",
        CREDENTIAL,
        "CREATE INDEX credential_of_principal ON credential (principal, kind)",
        SESSION,
        "CREATE INDEX session_of_principal ON session (principal)",
        "CREATE INDEX session_ended_lately ON session (ended_at) WHERE ended_at IS NOT NULL",
        SIGNING_KEY,
        REVOKED_TOKEN,
        "CREATE INDEX revoked_token_lately ON revoked_token (revoked_at)",
        ATTEMPT,
        USED_ASSERTION,
        EVENT,
        "CREATE INDEX event_of_principal ON event (principal, at)",
        FROZEN,
        """
        CREATE TRIGGER event_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON event
            FOR EACH STATEMENT EXECUTE FUNCTION event_is_final()
        """,
    ):
        op.execute(statement)
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO wuxian_identity")
    op.execute(
        "GRANT UPDATE (display, organisation, role, district, units, state, version, changed_at)"
        " ON principal TO wuxian_identity"
    )
    op.execute("GRANT UPDATE (last_step, ends_at) ON credential TO wuxian_identity")
    op.execute("GRANT UPDATE (seen_at, ended_at) ON session TO wuxian_identity")
    op.execute("GRANT UPDATE (trusted_until) ON signing_key TO wuxian_identity")
    op.execute("GRANT UPDATE, DELETE ON attempt TO wuxian_identity")
    op.execute("GRANT DELETE ON used_assertion TO wuxian_identity")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION event_is_final()")
