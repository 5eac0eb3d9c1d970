"""Evidence: append-only rows in a chain of blocks, and every change of rules and decisions recorded."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence import tables
from shared.evidence.tables import Watched

revision = "collection_0024"
down_revision = "collection_0023"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"
NUMBERED: Final = ("trail",)
REFUSING: Final[tuple[str, ...]] = ("trail",)
WATCHED: Final = {
    "policy": Watched(("id",)),
    "cut_off": Watched(("region", "period")),
    "calendar_day": Watched(("day",)),
    "debit_reason": Watched(("code",)),
    "debit_reason_class": Watched(("class",)),
    "register_change": Watched(("unit_id", "id"), hidden=("before", "after")),
    "person_correction": Watched(
        ("person_id", "id"),
        hidden=("masked_number", "right_number", "masked_name", "right_name", "sealed_name"),
    ),
    "cover_correction": Watched(("unit_id", "id")),
    "base_correction": Watched(("unit_id", "id")),
    "agreement": Watched(("unit_id", "id")),
    "waiver": Watched(("unit_id", "id")),
    "refund": Watched(("refund_key", "id")),
    "receipt_change": Watched(("receipt_key", "id")),
    "receipt_match": Watched(("receipt_key", "id")),
}


def upgrade() -> None:
    """Number the rows of append-only tables, and record the changes of the others from now on."""
    for statement in tables.upgrade(
        "collection", ROLE, WATCHED, numbered=NUMBERED, refusing=REFUSING
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take the evidence away."""
    for statement in tables.downgrade(WATCHED, numbered=NUMBERED, refusing=REFUSING):
        op.execute(statement)
