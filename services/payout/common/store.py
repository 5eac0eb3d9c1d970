"""Payout's tables and the key that each is spread by.

Three groups: entitlements by person; claims, their lines and their trail by the claim key (kind,
district and period, so that a repeated filing meets itself); batches, their lines and the outbox by
the batch key. A statement names its key by equality, with these reviewed exceptions:

- `entitlements.register` writes a list of many persons at once;
- `claims.write_pension_lines` reads entitlements of a district and writes one claim's lines
  (the month run, one INSERT … SELECT);
- `claims.find_many`, `claims.signed_by`, `batches.take_claims`, `batches.free_claims`,
  `batches.write_lines` and the trail's `record_many` look at the claims of one batch, at most 1,000,
  when it is formed or given up;
- lists (`entitlements.page`, `claims.page`, `batches.page`), `batches.waiting_for_funds`,
  `totals.by_fund` and the outbox relay read across keys.
"""

from __future__ import annotations

from typing import Final

KEYS: Final[dict[str, str]] = {
    "benefit_kind": "reference",
    "lease": "reference",
    "entitlement": "person_id",
    "claim": "claim_key",
    "claim_line": "claim_key",
    "claim_payment": "claim_key",
    "payment_batch": "batch_key",
    "payment_part": "batch_key",
    "payment_line": "batch_key",
    "payment_result": "batch_key",
    "trail": "shard_key",
    "outbox": "shard_key",
    "idempotency": "shard_key",
}
"""Table → its key column; "reference" for small tables that every shard has whole."""
