"""Evidence: append-only rows in a chain of blocks, and every change of rules and decisions recorded."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence import tables
from shared.evidence.tables import Watched

revision = "ledger_0018"
down_revision = "ledger_0017"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_ledger"
NUMBERED: Final = (
    "trail",
    "personal_credit",
    "personal_batch",
    "personal_batch_fund",
    "personal_year",
)
REFUSING: Final[tuple[str, ...]] = ()
WATCHED: Final = {
    "fund": Watched(("code", "in_force_from")),
    "chart_account": Watched(("key", "in_force_from")),
    "flow_matrix": Watched(("kind", "book", "debit", "credit", "in_force_from")),
    "closing_rule": Watched(("level", "rule", "in_force_from")),
    "report_line": Watched(("report", "line", "in_force_from")),
    "adjustment_rule": Watched(("fund", "in_force_from")),
    "personal_injection_rule": Watched(("fund", "standing", "age_from", "in_force_from")),
    "personal_rate": Watched(("id",)),
    "personal_rate_approval": Watched(("id",)),
    "personal_fund": Watched(("fund",)),
    "personal_merger": Watched(("person_id",)),
    "personal_year_run": Watched(("fund", "year")),
    "warning_threshold": Watched(("id",)),
    "budget": Watched(("id",)),
    "correction": Watched(("slot", "id")),
    "rule_correction": Watched(("id",)),
    "closing": Watched(("slot", "id")),
    "settlement": Watched(("slot", "id"), hidden=("asked",)),
    "refund_order": Watched(("slot", "id"), hidden=("payee",)),
}


def upgrade() -> None:
    """Number the rows of append-only tables, and record the changes of the others from now on."""
    for statement in tables.upgrade("ledger", ROLE, WATCHED, numbered=NUMBERED, refusing=REFUSING):
        op.execute(statement)


def downgrade() -> None:
    """Take the evidence away."""
    for statement in tables.downgrade(WATCHED, numbered=NUMBERED, refusing=REFUSING):
        op.execute(statement)
