"""The key of every table, and the tables that stay whole at the coordinator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.collection.common.store.tables import KEYS as COLLECTION
from services.ledger.common.store.tables import KEYS as LEDGER
from services.payout.common.store import KEYS as PAYOUT

KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "collection": COLLECTION,
    "ledger": LEDGER,
    "payout": PAYOUT,
}
"""Service → table → its key column, or "reference". Identity's few tables are not spread."""

AT_THE_COORDINATOR: Final = frozenset(
    {
        *("lease", "signature_nonce", "evidence_block", "row_change", "catalogue"),
        *("idempotency_key", "event", "event_place"),
        *("pension_gate", "person_gate", "personal_fund", "debit_batch", "reconciliation_state"),
        *("account_pension", "entitlement_change_line", "life_proof", "raise_line"),
        "recovery_share",
        *("signed_change", "city_rule", "retry_rule", "inspection_rule", "credit_flag"),
        *("workday_year", "bank_statement", "bank_statement_line", "payer_account"),
        *("withdrawn_statement", "withdrawn_statement_line"),
    }
)
"""Tables that one process writes every few tenths of a second, or that number the rows of all keys
in one stream: a commit in two phases on every server would buy nothing. `idempotency_key`, which each
request writes: INSERT … ON CONFLICT into a table that every server holds needs the right to change
its rows. Gates and heads, which are locked: two that lock a row on every server wait for each other.
Those that are read row by row with the entitlements and recovery cases beside them, and
grow no faster. And papers, rules and bank statements that a function writes with its owner's rights,
after two have signed: a server takes the changes of one user in a transaction."""

BOTH_OR_NEITHER: Final = "idempotency_key"
"""A table at the coordinator that the engine is told of, and that every request writes: what a
transaction writes there and in a shard is committed in two phases. Of a table that the engine does not
know, a crash between the two commits would leave the shard's half."""

SECOND_LOCKS: Final[Mapping[str, frozenset[str]]] = {"ledger": frozenset({"voucher_day_open"})}
"""Service → triggers that a distributed table goes without. The writer's own statement refuses a
closed day by the revision of its slot's head; the trigger is for other writers of one PostgreSQL."""

NOT_OURS: Final = frozenset({"alembic_version"})
