"""Public keys with which clients sign their messages (RFC 9421)."""

from alembic import op

from shared.evidence.tables import Watched

revision = "identity_0004"
down_revision = "identity_0003"
branch_labels = None
depends_on = None

# A key is registered once, for one client: whoever holds it signs as nobody else. A row stays when
# its key has ended, so that signatures of the past can be verified.
CLIENT_SIGNING_KEY = """
CREATE TABLE client_signing_key (
    kid           text        NOT NULL PRIMARY KEY CHECK (kid ~ '^[A-Za-z0-9._:-]{1,64}$'),
    client        text        NOT NULL REFERENCES principal (name),
    algorithm     text        NOT NULL
        CHECK (algorithm IN ('ed25519', 'rsa-pss-sha512', 'ecdsa-p256-sha256')),
    public_key    jsonb       NOT NULL,
    thumbprint    text        NOT NULL CONSTRAINT client_signing_key_once UNIQUE,
    valid_from    timestamptz NOT NULL,
    valid_until   timestamptz,
    registered_by text        NOT NULL,
    registered_at timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoked_by    text,
    CONSTRAINT client_signing_key_counts_a_while CHECK (valid_until > valid_from),
    CONSTRAINT client_signing_key_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
)
"""

# What has ended stays ended: a stolen key comes back through no statement of the service.
ENDS_ONLY = """
CREATE FUNCTION client_signing_key_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
       OR (OLD.valid_until IS NOT NULL
           AND (NEW.valid_until IS NULL OR NEW.valid_until > OLD.valid_until)) THEN
        RAISE EXCEPTION 'a key of messages that has ended stays ended';
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    for statement in (
        CLIENT_SIGNING_KEY,
        "CREATE INDEX client_signing_key_of_client ON client_signing_key (client, kid)",
        ENDS_ONLY,
        """
        CREATE TRIGGER client_signing_key_only_ends BEFORE UPDATE ON client_signing_key
            FOR EACH ROW EXECUTE FUNCTION client_signing_key_only_ends()
        """,
        *Watched(("kid",)).ddl("client_signing_key"),
        "GRANT SELECT, INSERT ON client_signing_key TO wuxian_identity",
        "GRANT UPDATE (valid_until, revoked_at, revoked_by) ON client_signing_key"
        " TO wuxian_identity",
    ):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE client_signing_key")
    op.execute("DROP FUNCTION client_signing_key_only_ends()")
