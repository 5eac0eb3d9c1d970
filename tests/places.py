"""Tables that stay whole at the coordinator of a distributed database.

Their triggers look beyond a shard (services/distribution/plan.py), so statements about them alone
may do what PostgreSQL can. tests/distribution/test_plan.py holds the list against the schema.
"""

from __future__ import annotations

from typing import Final

from services.distribution.tables import AT_THE_COORDINATOR

WHOLE: Final[dict[str, frozenset[str]]] = {
    "collection": AT_THE_COORDINATOR.union(
        {
            *("calendar_day", "cut_off", "debit_reason", "debit_reason_class", "policy"),
            *("agreement", "agreement_instalment", "base_correction", "cover_correction"),
            *("person_correction", "receipt_change", "receipt_match", "reconciliation_item"),
            *("reconciliation_letter", "refund", "refund_part", "register_change"),
            *("register_change_person", "waiver", "waiver_line"),
        }
    ),
    "ledger": AT_THE_COORDINATOR.union({"closing", "correction", "refund_order", "settlement"}),
    "payout": AT_THE_COORDINATOR.union(
        {
            *("account_correction", "comparison_match", "double_payment", "entitlement"),
            *("entitlement_account", "entitlement_change", "entitlement_end"),
            *("entitlement_suspension", "funding_part", "funding_plan", "payment_batch"),
            *("entitlement_rule", "formula_row", "pension_raise"),
            *("pension_fact", "pension_fact_list", "qualification", "qualification_meeting"),
            *("qualification_objection", "qualification_recalculation", "recovery_case"),
            *("recovery_entry", "recovery_line", "recovery_plan", "recovery_receipt"),
        }
    ),
}
