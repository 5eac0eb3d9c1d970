"""Pay a month of a pension once, and a hospital paper, a birth or a funeral once, over all claims."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.ids import key_of

revision = "payout_0003"
down_revision = "payout_0002"
branch_labels = None
depends_on = None

# What was paid of a person's month, in parts: the first payment, then differences after a raise.
# Parts of a refused claim are not live.
PENSION_MONTH = """
CREATE TABLE pension_month (
    person_id      bigint  NOT NULL,
    identity_blind bytea   NOT NULL,
    kind           text    NOT NULL,
    period         text    NOT NULL,
    part           integer NOT NULL CHECK (part > 0),
    amount_fen     bigint  NOT NULL CHECK (amount_fen > 0),
    claim_key      bigint  NOT NULL,
    claim_id       uuid    NOT NULL,
    live           boolean NOT NULL DEFAULT true,
    PRIMARY KEY (person_id, identity_blind, kind, period, part)
)
"""

# What a claim is about: a settlement paper of a hospital, or an event in a person's life.
BENEFIT_EVENT = """
CREATE TABLE benefit_event (
    event_key bigint  NOT NULL,
    event     text    NOT NULL,
    period    text    NOT NULL,
    claim_key bigint  NOT NULL,
    claim_id  uuid    NOT NULL,
    line_no   integer NOT NULL,
    live      boolean NOT NULL DEFAULT true
)
"""

# A row to lock: one claim at a time claims events of a person.
BENEFIT_PERSON = "CREATE TABLE benefit_person (person_id bigint PRIMARY KEY)"

# One row to lock: a pension run and a change of entitlements wait for each other.
PENSION_GATE = "CREATE TABLE pension_gate (name text PRIMARY KEY)"

# Old rows: a run's line names the person by key; the entitlement that it was paid from has the rest.
PENSIONS_PAID = """
INSERT INTO pension_month (person_id, identity_blind, kind, period, part, amount_fen, claim_key,
                           claim_id)
SELECT person_id, identity_blind, 'basic_pension', period,
       row_number() OVER (PARTITION BY person_id, identity_blind, period ORDER BY claim_id, line_no),
       amount_fen, claim_key, claim_id
  FROM (SELECT DISTINCT ON (claim.claim_key, claim.id, line.line_no)
               line.person_id, entitlement.identity_blind, claim.period, line.amount_fen,
               claim.claim_key, claim.id AS claim_id, line.line_no
          FROM claim
          JOIN claim_line AS line ON line.claim_key = claim.claim_key AND line.claim_id = claim.id
          JOIN entitlement
            ON entitlement.person_id = line.person_id AND entitlement.kind = 'basic_pension'
           AND entitlement.in_force_from <= claim.period
         WHERE claim.kind = 'pension_run' AND claim.status <> 'refused'
         ORDER BY claim.claim_key, claim.id, line.line_no,
                  entitlement.bank_number = line.bank_number DESC,
                  entitlement.in_force_from DESC) AS paid
"""

CLAIMED = """
SELECT claim.claim_key, claim.id, claim.kind, claim.period, line.line_no, line.payee_name,
       line.reference, line.person_id
  FROM claim
  JOIN claim_line AS line ON line.claim_key = claim.claim_key AND line.claim_id = claim.id
 WHERE claim.kind IN ('hospital_settlement', 'maternity_allowance') AND claim.status <> 'refused'
 ORDER BY claim.filed_at, claim.id, line.line_no
"""

FUNERAL = """
INSERT INTO benefit_kind (kind, in_force_from, in_force_to, name, fund, account, source)
VALUES ('funeral_grant', DATE '2018-01-01', NULL, '丧葬补助金和抚恤金', 'pension',
        'benefit.funeral_grant', 'caikuai-2017-28')
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    """Make both tables, and fill them from the claims that were not refused."""
    op.execute(PENSION_MONTH)
    op.execute("CREATE INDEX pension_month_of_claim ON pension_month (claim_id)")
    op.execute(BENEFIT_EVENT)
    op.execute(
        "CREATE UNIQUE INDEX benefit_event_once ON benefit_event (event_key, event) WHERE live"
    )
    op.execute("CREATE INDEX benefit_event_of_claim ON benefit_event (claim_id)")
    op.execute(BENEFIT_PERSON)
    op.execute(PENSION_GATE)
    op.execute("INSERT INTO pension_gate VALUES ('pension')")
    op.execute("ALTER TABLE claim_line ADD COLUMN event_on date")
    op.execute("CREATE INDEX entitlement_registered ON entitlement (kind, district, registered_at)")
    op.execute("GRANT SELECT, INSERT ON pension_month, benefit_event TO wuxian_payout")
    op.execute("GRANT SELECT, INSERT, UPDATE ON benefit_person TO wuxian_payout")
    op.execute("GRANT SELECT, UPDATE ON pension_gate TO wuxian_payout")
    op.execute("GRANT UPDATE (live) ON pension_month, benefit_event TO wuxian_payout")
    op.execute(PENSIONS_PAID)
    rows = op.get_bind().execute(sa.text(CLAIMED)).all()
    events = [event for row in rows for event in _events(row)]
    if events:
        op.get_bind().execute(
            sa.text("""
                INSERT INTO benefit_event (event_key, event, period, claim_key, claim_id, line_no)
                VALUES (:event_key, :event, :period, :claim_key, :id, :line_no)
                ON CONFLICT DO NOTHING
            """),
            events,
        )
    op.execute(FUNERAL)


def _events(row: sa.Row[Any]) -> list[dict[str, Any]]:
    found = []
    if row.kind == "hospital_settlement":
        text = f"{row.kind}:{_plain(row.payee_name)}:{_plain(row.reference)}"
        found.append((key_of("benefit_event", text), text))
        if row.person_id is not None:
            found.append((row.person_id, f"{row.kind}:person:{_plain(row.reference)}"))
    elif row.person_id is not None:
        found.append((row.person_id, f"{row.kind}:"))
    return [{**row._mapping, "event_key": event_key, "event": event} for event_key, event in found]


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DELETE FROM benefit_kind WHERE kind = 'funeral_grant'")
    op.execute("DROP INDEX entitlement_registered")
    op.execute("ALTER TABLE claim_line DROP COLUMN event_on")
    op.execute("DROP TABLE pension_gate")
    op.execute("DROP TABLE benefit_person")
    op.execute("DROP TABLE benefit_event")
    op.execute("DROP TABLE pension_month")
