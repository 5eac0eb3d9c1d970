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

READY: Final = ("ledger",)
"""Services that can be distributed. The others stay on one PostgreSQL: tests/across_keys.toml lists
the statements that would be refused."""

AT_THE_COORDINATOR: Final = frozenset(
    {
        *("lease", "signature_nonce", "evidence_block", "row_change", "catalogue"),
        "idempotency_key",
        *("account_pension", "entitlement_change_line", "life_proof", "raise_line"),
        "recovery_share",
    }
)
"""Tables that one process writes every few tenths of a second, or that number the rows of all keys
in one stream: a commit in two phases on every server would buy nothing. `idempotency_key`, which each
request writes: INSERT … ON CONFLICT into a table that every server holds needs the right to change
its rows. And those that are read row
by row with the entitlements and recovery cases beside them, and grow no faster."""

SECOND_LOCKS: Final[Mapping[str, frozenset[str]]] = {"ledger": frozenset({"voucher_day_open"})}
"""Service → triggers that a distributed table goes without. The writer's own statement refuses a
closed day by the revision of its slot's head; the trigger is for other writers of one PostgreSQL."""

NOT_OURS: Final = frozenset({"alembic_version"})
