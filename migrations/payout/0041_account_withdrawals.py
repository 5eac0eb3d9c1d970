"""Withdrawals of claims from personal accounts, and the kinds of claims that make them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services.payout
from services.payout.formulas.store.shipped import LOAD_MISSING, load_values

revision = "payout_0041"
down_revision = "payout_0040"
branch_labels = None
depends_on = None

COLUMNS: Final = (
    *("kind", "name", "fund", "account", "source", "payee", "origin", "once"),
    *("needs_person", "needs_employer", "checks_arrears"),
)

TABLE: Final = """
CREATE TABLE account_withdrawal (
    person_id   bigint           NOT NULL,
    claim_id    uuid             NOT NULL,
    claim_key   bigint           NOT NULL,
    fund        text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL CHECK (kind IN ('withdrawal', 'out')),
    account_fen bigint           NOT NULL CHECK (account_fen >= 0),
    pooled_fen  bigint           NOT NULL CHECK (pooled_fen >= 0),
    PRIMARY KEY (person_id, claim_id),
    CHECK (account_fen + pooled_fen > 0),
    CHECK (pooled_fen = 0 OR (fund = 'pension' AND kind = 'out'))
)
"""

# Payments of before took nothing from the account: what they paid, by the bank or as an advance, is
# not due again, and an approved one is taken from the account now.
EARLIER: Final = """
INSERT INTO account_withdrawal (person_id, claim_id, claim_key, fund, kind, account_fen, pooled_fen)
SELECT line.person_id, claim.id, claim.claim_key, claim.fund, 'withdrawal',
       sum(line.amount_fen + line.settled_fen), 0
  FROM claim
  JOIN claim_line AS line ON line.claim_key = claim.claim_key AND line.claim_id = claim.id
 WHERE claim.kind = 'personal_account_refund' AND claim.status <> 'refused'
   AND line.person_id IS NOT NULL
 GROUP BY line.person_id, claim.id, claim.claim_key, claim.fund
"""
TOLD: Final = """
INSERT INTO outbox (shard_key, id, payload)
SELECT taken.claim_key, gen_random_uuid(), convert_to(json_build_object(
           'to', 'personal_transfer',
           'body', json_build_object(
               'paper', 'clm_' || lpad(to_hex(taken.claim_key), 16, '0')
                        || replace(CAST(taken.claim_id AS text), '-', ''),
               'person', 'per_' || lpad(to_hex(taken.person_id), 16, '0')
                         || replace(CAST(taken.claim_id AS text), '-', ''),
               'fund', taken.fund,
               'direction', 'withdrawal',
               'amount', to_char(taken.account_fen / 100, 'FM999999999999990') || '.'
                         || lpad(CAST(taken.account_fen % 100 AS text), 2, '0'),
               'day', CAST((now() AT TIME ZONE 'Asia/Shanghai')::date AS text)))::text, 'UTF8')
  FROM account_withdrawal AS taken
  JOIN claim ON claim.claim_key = taken.claim_key AND claim.id = taken.claim_id
 WHERE claim.status = 'approved'
"""


def upgrade() -> None:
    """Make the table, load the kinds and the row of the pooled part, and tell what was paid before."""
    op.execute(TABLE)
    op.execute("CREATE INDEX account_withdrawal_claim ON account_withdrawal (claim_id)")
    op.execute("GRANT SELECT, INSERT ON account_withdrawal TO wuxian_payout")
    path = Path(services.payout.__file__).parent / "data" / "benefit_kinds.json"
    kinds = json.loads(path.read_text("utf-8"))["kinds"]
    op.get_bind().execute(
        sa.text(f"""
            INSERT INTO benefit_kind ({", ".join(COLUMNS)}, documents, in_force_from, in_force_to)
            VALUES ({", ".join(f":{name}" for name in COLUMNS)}, CAST(:documents AS text[]),
                    CAST(CAST(:in_force_from AS text) AS date),
                    CAST(CAST(:in_force_to AS text) AS date))
            ON CONFLICT DO NOTHING
        """),
        kinds,
    )
    op.execute("""
        UPDATE benefit_kind
           SET origin = 'computed', once = 'none',
               documents = array_remove(documents, 'account_statement')
         WHERE kind = 'personal_account_refund'
    """)
    op.get_bind().execute(sa.text(LOAD_MISSING), load_values())
    op.execute(EARLIER)
    op.execute(TOLD)


def downgrade() -> None:
    """Drop the table; the kinds stay, they harm nobody."""
    op.execute("DROP TABLE account_withdrawal")
