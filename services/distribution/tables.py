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

NOT_YET: Final[Mapping[str, tuple[str, ...]]] = {
    "ledger": ("每月划入运行 (the monthly run of injections)",),
}
"""Service → what would be refused there still, until its statements are mended."""

AT_THE_COORDINATOR: Final = frozenset(
    {"lease", "signature_nonce", "evidence_block", "row_change", "catalogue"}
)
"""Tables that one process writes every few tenths of a second, or that number the rows of all keys
in one stream: a commit in two phases on every server would buy nothing."""

SECOND_LOCKS: Final[Mapping[str, frozenset[str]]] = {"ledger": frozenset({"voucher_day_open"})}
"""Service → triggers that a distributed table goes without. The writer's own statement refuses a
closed day by the revision of its slot's head; the trigger is for other writers of one PostgreSQL."""

NOT_OURS: Final = frozenset({"alembic_version"})
