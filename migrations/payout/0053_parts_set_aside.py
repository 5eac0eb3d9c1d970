"""Of two pensions that begin in one month, the account's part is that of the one that stays.

In a merger whose older record stays, the survivor kept the parts of its own pension, and the paper
decided last won. Those that are known by the row they opened go; background work puts their draws
right. Mergers are few: their people are read one table at a time, as a distributed database can.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "payout_0053"
down_revision = "payout_0052"
branch_labels = None
depends_on = None

SURVIVORS: Final = (
    "SELECT DISTINCT survivor_id FROM person_correction WHERE survivor_id <> person_id"
)
PARTS: Final = """
SELECT person_id, identity_blind, since, change_id
  FROM account_pension
 WHERE person_id = ANY (:people)
"""
SET_ASIDE: Final = """
SELECT person_id, in_force_from, change_id
  FROM entitlement
 WHERE person_id = ANY (:people) AND suspended_reason IN ('merged', 'second')
"""
STAYING: Final = """
SELECT person_id, in_force_from, change_id
  FROM entitlement
 WHERE person_id = ANY (:people) AND (suspended_at IS NULL OR suspended_reason = 'raised')
"""
TAKE_AWAY: Final = """
DELETE FROM account_pension
 WHERE person_id = :person_id AND identity_blind = :identity_blind AND since = :since
   AND change_id = :change_id
"""
MARK: Final = """
INSERT INTO draw_mark (person_id, identity_blind, period) VALUES (:person_id, :identity_blind, '')
"""


def upgrade() -> None:
    """Take these parts away, mark the people, and let a merger do so from now on."""
    op.execute("GRANT DELETE ON account_pension TO wuxian_payout")
    connection = op.get_bind()

    def read(statement: str, **values: Any) -> list[Any]:
        return list(connection.execute(sa.text(statement), values).mappings())

    people = [row["survivor_id"] for row in read(SURVIVORS)]
    aside, staying = (
        {tuple(row.values()) for row in read(statement, people=people)}
        for statement in (SET_ASIDE, STAYING)
    )
    months = {row[:2] for row in staying}
    for part in read(PARTS, people=people):
        opened = part["person_id"], part["since"], part["change_id"]
        if opened in aside and opened not in staying and opened[:2] in months:
            connection.execute(sa.text(TAKE_AWAY), dict(part))
            mark = {name: part[name] for name in ("person_id", "identity_blind")}
            connection.execute(sa.text(MARK), mark)


def downgrade() -> None:
    """Take the right away; the parts were not right before this revision."""
    op.execute("REVOKE DELETE ON account_pension FROM wuxian_payout")
