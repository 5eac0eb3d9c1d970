"""A survivor with a pension of its own has no part of a merged record whose pension did not stay.

0048 followed every merger and looked at the month only, so of two pensions that begin in the same
month the survivor got both parts. Background work puts the draws of these people right. Mergers are
few: what is stored of them is compared here, table by table, as a distributed database can read it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "payout_0052"
down_revision = "payout_0051"
branch_labels = None
depends_on = None

MERGED: Final = (
    "SELECT person_id, survivor_id FROM person_correction WHERE survivor_id <> person_id"
)
OPENED: Final = """
SELECT id, person_id, change_id
  FROM qualification
 WHERE status = 'approved' AND person_id = ANY (:people)
"""
RECALCULATED: Final = """
SELECT qualification_id, change_id
  FROM qualification_recalculation
 WHERE qualification_id = ANY (:papers)
"""
PARTS: Final = """
SELECT person_id, identity_blind, since, change_id
  FROM account_pension
 WHERE person_id = ANY (:people)
"""
ROWS: Final = "SELECT person_id, change_id FROM entitlement WHERE person_id = ANY (:people)"
TAKE_AWAY: Final = """
DELETE FROM account_pension
 WHERE person_id = :person_id AND identity_blind = :identity_blind AND since = :since
   AND change_id = :change_id
"""
MARK: Final = """
INSERT INTO draw_mark (person_id, identity_blind, period) VALUES (:person_id, :identity_blind, '')
"""


def upgrade() -> None:
    """Take these parts away, and mark the people."""
    connection = op.get_bind()

    def read(statement: str, **values: Any) -> list[Any]:
        return list(connection.execute(sa.text(statement), values).mappings())

    ends_in = {row["person_id"]: row["survivor_id"] for row in read(MERGED)}
    people = sorted({*ends_in, *ends_in.values()})
    papers = {row["id"]: row for row in read(OPENED, people=people)}
    of_person: dict[int, list[set[Any]]] = defaultdict(list)
    changes = {id: {row["change_id"]} for id, row in papers.items()}
    for row in read(RECALCULATED, papers=list(papers)):
        changes[row["qualification_id"]].add(row["change_id"])
    for id, row in papers.items():
        of_person[row["person_id"]].append(changes[id])
    stays = {(row["person_id"], row["change_id"]) for row in read(ROWS, people=people)}
    foreign: dict[int, set[Any]] = defaultdict(set)
    for person in ends_in:
        survivor, seen = ends_in[person], {person}
        while survivor is not None and survivor not in seen:
            for paper in of_person[person] if of_person[survivor] else ():
                if not any((survivor, change) in stays for change in paper):
                    foreign[survivor] |= paper
            seen.add(survivor)
            survivor = ends_in.get(survivor)
    for part in read(PARTS, people=sorted(foreign)):
        if part["change_id"] in foreign[part["person_id"]]:
            connection.execute(sa.text(TAKE_AWAY), dict(part))
            mark = {name: part[name] for name in ("person_id", "identity_blind")}
            connection.execute(sa.text(MARK), mark)


def downgrade() -> None:
    """Leave it: nothing of this is right before this revision."""
