"""The ledger's tables and the key that leads each of them."""

from __future__ import annotations

from typing import Final

KEYS: Final[dict[str, str]] = {
    "fund": "reference",
    "chart_account": "reference",
    "flow_matrix": "reference",
    "slot_head": "slot",
    "voucher": "slot",
    "entry": "slot",
    "bucket": "slot",
    "event_refusal": "slot",
    "hold": "slot",
    "hold_movement": "slot",
    "settlement": "slot",
    "idempotency": "shard_key",
    "trail": "shard_key",
}
"""Table → shard key; "reference" marks small tables that every node holds in full."""

ACROSS_SLOTS: Final = (
    "balance.sums",
    "balance.districts",
    "entry.page",
    "voucher.find",
    "head.all_heads",
    "verify.bucket_differences",
)
"""Reviewed statements that read all slots: reports and look-ups. None of them writes or locks."""
