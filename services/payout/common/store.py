"""Payout's tables and the shard key of each.

Three groups: entitlements by person; claims, their lines and their trail by the claim key (kind,
district and period, so that a repeated filing meets the first one); payment batches, their lines
and the outbox by the batch key. A statement names its key by equality; the reviewed exceptions are
listed with their reasons in tests/across_keys.toml.
"""

from __future__ import annotations

from typing import Final

from shared.webhooks.tables import KEYS as WEBHOOKS

KEYS: Final[dict[str, str]] = {
    "evidence_block": "reference",
    "row_change": "reference",
    "catalogue": "reference",
    "benefit_kind": "reference",
    "benefit_kind_correction": "reference",
    "formula_row": "reference",
    "lease": "reference",
    "book_days": "reference",
    "person_correction": "reference",
    "person_gate": "reference",
    "entitlement": "person_id",
    "entitlement_end": "person_id",
    "entitlement_change": "change_key",
    "entitlement_change_line": "change_key",
    "entitlement_suspension": "person_id",
    "entitlement_account": "person_id",
    "entitlement_rule": "reference",
    "life_proof": "person_id",
    "comparison_file": "file_key",
    "comparison_match": "person_id",
    "claim": "claim_key",
    "claim_line": "claim_key",
    "claim_payment": "claim_key",
    "claim_funding": "claim_key",
    "funding_plan": "plan_key",
    "funding_part": "plan_key",
    "pension_month": "person_id",
    "benefit_event": "event_key",
    "benefit_person": "person_id",
    "claimed_year": "person_id",
    "advance_settlement": "advance_key",
    "pension_gate": "reference",
    "qualification": "qualification_key",
    "qualification_meeting": "meeting_key",
    "qualification_objection": "objection_key",
    "qualification_recalculation": "qualification_key",
    "pension_raise": "reference",
    "pension_fact_list": "list_key",
    "pension_fact": "person_id",
    "raise_line": "person_id",
    "failed_payment": "claim_key",
    "double_payment": "claim_key",
    "account_withdrawal": "person_id",
    "account_pension": "person_id",
    "account_draw": "person_id",
    "draw_mark": "person_id",
    "account_correction": "claim_key",
    "payment_batch": "batch_key",
    "payment_part": "batch_key",
    "payment_line": "batch_key",
    "payment_result": "batch_key",
    "inspection_order": "inspection_key",
    "recovery_case": "case_key",
    "recovery_line": "case_key",
    "recovery_entry": "case_key",
    "recovery_plan": "case_key",
    "recovery_share": "case_key",
    "recovery_receipt": "receipt_key",
    "trail": "shard_key",
    "outbox": "shard_key",
    "idempotency": "shard_key",
    "idempotency_key": "reference",
    "signature_nonce": "reference",
    "key_fingerprint": "reference",
    "retention": "reference",
    **WEBHOOKS,
}
"""Table → its key column; "reference" for small tables that every shard has whole."""
