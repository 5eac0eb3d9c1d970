"""The tables of schema `collection`, and the key column of each.

Every statement of a request names the key by equality; "reference" tables are small and shared.
There are four groups of keys: the unit (单位), the person (参保人), the receipt (到账) and the district's
papers.
"""

from __future__ import annotations

from typing import Final

KEYS: Final[dict[str, str]] = {
    "unit": "unit_id",
    "enrolment": "unit_id",
    "enrolment_category": "unit_id",
    "register_change": "unit_id",
    "register_change_person": "unit_id",
    "declaration": "unit_id",
    "declaration_line": "unit_id",
    "declaration_person": "unit_id",
    "declaration_figures": "unit_id",
    "base_review": "unit_id",
    "base_person": "unit_id",
    "base_correction": "unit_id",
    "base_difference": "unit_id",
    "bill": "unit_id",
    "bill_line": "unit_id",
    "personal_credit": "unit_id",
    "allocation": "unit_id",
    "debit_line": "unit_id",
    "charge": "unit_id",
    "credit": "unit_id",
    "credit_use": "unit_id",
    "credit_refund": "unit_id",
    "credit_refund_line": "unit_id",
    "agreement": "unit_id",
    "agreement_instalment": "unit_id",
    "dunning_notice": "unit_id",
    "dunning_line": "unit_id",
    "certificate": "unit_id",
    "waiver": "unit_id",
    "waiver_line": "unit_id",
    "project": "unit_id",
    "project_contract": "unit_id",
    "project_paper": "unit_id",
    "project_certificate": "unit_id",
    "receipt": "receipt_key",
    "suspense": "receipt_key",
    "receipt_match": "receipt_key",
    "person": "person_id",
    "person_unit": "person_id",
    "summary": "district_key",
    "dunning_run": "district_key",
    "operation": "operation_key",
    "operation_part": "operation_key",
    "operation_report": "operation_key",
    "trail": "shard_key",
    "idempotency": "shard_key",
    "outbox": "shard_key",
    "lease": "reference",
    "policy": "reference",
    "debit_batch": "reference",
    "debit_reason": "reference",
    "debit_reason_class": "reference",
    "calendar_day": "reference",
    "cut_off": "reference",
}
