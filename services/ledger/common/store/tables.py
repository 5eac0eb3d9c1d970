"""The ledger's tables and the key that leads each of them."""

from __future__ import annotations

from typing import Final

from shared.webhooks.tables import KEYS as WEBHOOKS

KEYS: Final[dict[str, str]] = {
    "evidence_block": "reference",
    "row_change": "reference",
    "catalogue": "reference",
    "fund": "reference",
    "chart_account": "reference",
    "flow_matrix": "reference",
    "slot_head": "slot",
    "owner_slot": "reference",
    "chain_anchor": "slot",
    "voucher": "slot",
    "voucher_reversal": "slot",
    "place": "reference",
    "place_group": "reference",
    "place_day": "slot",
    "place_postings": "slot",
    "book_checkpoint": "slot",
    "event_refusal": "slot",
    "hold": "slot",
    "hold_movement": "slot",
    "settlement": "slot",
    "refund_order": "slot",
    "suspense_turn": "receipt",
    "closing": "slot",
    "closing_rule": "reference",
    "rule_correction": "reference",
    "warning_threshold": "reference",
    "budget": "reference",
    "budget_paper": "reference",
    "budget_approval": "reference",
    "adjustment_rule": "reference",
    "report_line": "reference",
    "correction": "slot",
    "personal_credit": "person_id",
    "personal_brought": "person_id",
    "personal_draw": "person_id",
    "retiree": "person_id",
    "injection_run": "reference",
    "personal_brought_void": "person_id",
    "personal_year": "person_id",
    "personal_batch": "batch_key",
    "personal_batch_fund": "batch_key",
    "personal_fund": "reference",
    "personal_year_run": "reference",
    "personal_rate": "reference",
    "personal_rate_approval": "reference",
    "personal_injection_rule": "reference",
    "personal_merger": "reference",
    "idempotency": "shard_key",
    "idempotency_key": "reference",
    "lease": "reference",
    **WEBHOOKS,
    "key_fingerprint": "reference",
    "retention": "reference",
    "trail": "shard_key",
}
"""Table → shard key; "reference" marks small tables that every node holds in full."""

VIEWS: Final[dict[str, str]] = {"entry": "slot", "bucket": "slot", "posting": "slot"}
"""Views on vouchers, and on what checkpoints write with the vouchers behind them; and their keys."""
