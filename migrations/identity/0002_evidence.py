"""Evidence: identity events in a chain of blocks, and every change of people and keys recorded."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence import tables
from shared.evidence.tables import Watched

revision = "identity_0002"
down_revision = "identity_0001"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_identity"
NUMBERED: Final = ("event",)
WATCHED: Final = {
    "principal": Watched(("name",)),
    "credential": Watched(("id",), hidden=("value",)),
    "signing_key": Watched(("kid",), hidden=("sealed",)),
}
"""People, clients, what they prove themselves with, and keys: table → how it is watched."""


def upgrade() -> None:
    """Number the events, and record the changes of the others from now on."""
    for statement in tables.upgrade("identity", ROLE, WATCHED, numbered=NUMBERED, refusing=()):
        op.execute(statement)


def downgrade() -> None:
    """Take the evidence away."""
    for statement in tables.downgrade(WATCHED, numbered=NUMBERED, refusing=()):
        op.execute(statement)
