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
    {"lease", "signature_nonce", "evidence_block", "row_change", "catalogue"}
)
"""Tables that one process writes every few tenths of a second, or that number the rows of all keys
in one stream: a commit in two phases on every server would buy nothing."""

NOT_OURS: Final = frozenset({"alembic_version"})
