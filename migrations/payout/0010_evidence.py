"""Evidence: append-only rows in a chain of blocks, and every change of rules and decisions recorded."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence import tables
from shared.evidence.tables import Watched

revision = "payout_0010"
down_revision = "payout_0009"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
NUMBERED: Final = ("trail",)
REFUSING: Final[tuple[str, ...]] = ("trail",)
WATCHED: Final = {
    "benefit_kind": Watched(("kind", "in_force_from")),
    "entitlement": Watched(
        ("person_id", "id"),
        hidden=(
            "identity_blind",
            "sealed_number",
            "name",
            "bank",
            "bank_number",
            "bank_holder",
        ),
    ),
    "entitlement_end": Watched(
        ("person_id", "id"), hidden=("identity_blind", "sealed_number", "name")
    ),
    "account_correction": Watched(
        ("claim_key", "id"), hidden=("bank", "bank_number", "bank_holder")
    ),
    "payment_batch": Watched(("batch_key", "id")),
}


def upgrade() -> None:
    """Number the rows of append-only tables, and record the changes of the others from now on."""
    for statement in tables.upgrade("payout", ROLE, WATCHED, numbered=NUMBERED, refusing=REFUSING):
        op.execute(statement)


def downgrade() -> None:
    """Take the evidence away."""
    for statement in tables.downgrade(WATCHED, numbered=NUMBERED, refusing=REFUSING):
        op.execute(statement)
