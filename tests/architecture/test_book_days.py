"""Every day that a door takes has a decision: which of them are booked, and who judges them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Judge(Enum):
    """The judge of a day."""

    FACT = r"a bank's or tax bureau's day: booked on it, or on the first open day"
    CHOSEN = r"a person's choice: refused when it is closed, with the first open day named"
    LEDGER = r"the ledger itself, under the head of the slot or the closed year of the fund"


FACTS = {
    "collection push_tax /collected_on": "collection/tax/flows/push.py",
    "collection push_tax /lines/*/paid_on": "collection/tax/flows/push.py",
    "collection report_debit_results /results/*/value_date": "collection/debits/flows/debit.py",
    "collection file_receipt_return /returned_on": "collection/receipts/flows/holding.py",
    "payout propose_recovery_repayment /value_date": "payout/recoveries/flows/settle.py",
    "payout report_payment_results /results/*/value_date": "payout/payments/flows/result.py",
    "payout report_recovery_receipts /receipts/*/value_date": "payout/recoveries/flows/settle.py",
}
"""Days that are facts → the flow that asks where they are booked."""
CHOICES = {
    "collection approve_refund /decided_on": "collection/refund/flows/refund.py",
    "collection approve_refund_return /decided_on": "collection/refund/flows/payout.py",
    "collection approve_waiver /decided_on": "collection/arrears/flows/waiver.py",
    "collection audit_summary /bill_date": "collection/handling/flows/summary.py",
    "collection file_receipt_move /moved_on": "collection/receipt_changes/flows.py",
    "collection match_receipt /matched_on": "collection/receipts/flows/match.py",
    "payout create_payment_batch /pay_date": "payout/payments/flows/batch.py",
    "payout create_repayment_batch /pay_date": "payout/payments/flows/batch.py",
}
"""Days that persons choose → the flow that refuses closed ones."""
OF_LEDGER = {
    "ledger credit_personal_accounts /bills/*/settled_on",
    "ledger inject_personal_accounts /day",
    "ledger post_voucher /book_date",
    "ledger post_voucher_batch /vouchers/*/book_date",
    "ledger propose_reopening /from_day",
    "ledger propose_settlement /day",
    "ledger propose_reversal /book_date",
    "ledger stream_vouchers /book_date",
    "ledger transfer_personal_account /day",
    "ledger draw_personal_accounts /day",
    "ledger propose_injection_run /day",
}
"""Days that the ledger judges where it posts."""
NOT_BOOKED = {
    "collection approve_receipt_move /decided_on": "the move is booked on moved_on",
    "collection approve_receipt_return /decided_on": "the return is booked on returned_on",
    "collection cancel_debit_agreement /cancelled_on": "an agreement moves no money",
    "collection change_project_contract /signed_on": "a contract's day",
    "collection change_unit /effective_on": "the register's day",
    "collection correct_cover /joined_on": "a life's day",
    "collection correct_cover /right/joined_on": "a life's day",
    "collection correct_cover /right/left_on": "a life's day",
    "collection create_debit_batch /debit_date": "the bank's result says when it paid",
    "collection draft_policy": "a rule's days",
    "collection end_agreement /ended_on": "an agreement moves no money",
    "collection enrol_people": "a life's days",
    "collection expect_statements": "a rule's days",
    "collection file_agreement": "an agreement moves no money",
    "collection file_city_rule": "a rule's days",
    "collection file_credit_flag_change": "a flag's days",
    "collection file_cut_off /cut_off_on": "a region's calendar",
    "collection file_inspection_rule": "a rule's days",
    "collection file_retry_rule": "a rule's days",
    "collection file_workdays": "a rule's days",
    "collection file_debit_agreement": "an agreement moves no money",
    "collection issue_certificate /as_of": "a question",
    "collection issue_project_certificate /as_of": "a question",
    "collection leave_unit /people/*/left_on": "a life's day",
    "collection propose_collection_mode /valid_from": "a rule's day",
    "collection push_treasury_list /day": "the treasury's list books nothing",
    "collection query_arrears /as_of": "a question",
    "collection quote_project /starts_on": "a question",
    "collection reconcile_account /first": "a question: the first day to compare",
    "collection refuse_receipt_move /decided_on": "nothing is booked",
    "collection refuse_receipt_return /decided_on": "nothing is booked",
    "collection refuse_refund /decided_on": "nothing is booked",
    "collection refuse_refund_return /decided_on": "nothing is booked",
    "collection refuse_waiver /decided_on": "nothing is booked",
    "collection register_project": "a contract's days",
    "collection report_refund_return /returned_on": "the value date; decided_on is booked",
    "collection request_base_correction /requested_on": "the correction's declaration is billed",
    "collection request_refund /requested_on": "the ledger settles it on its own day",
    "collection request_waiver /asked_on": "it is booked when it is approved",
    "collection run_dunning /day": "a letter's day",
    "collection send_summary /sent_on": "it is booked on bill_date",
    "collection submit_base_review": "a paper's days",
    "collection transfer_block /effective_on": "the register's day",
    "collection withdraw_statement /day": "the day of a statement",
    "ledger bank_adjustment": "a report",
    "ledger make_hold /expires_on": "a hold is in no book",
    "ledger order_refund /ordered_on": "the settlement's day is booked",
    "ledger withdraw_refund_order /ordered_on": "it repeats the order",
    "ledger post_voucher /value_date": "the book date is judged",
    "ledger post_voucher_batch /vouchers/*/value_date": "the book date is judged",
    "ledger propose_correction": "a rule's days",
    "ledger stream_vouchers /value_date": "the book date is judged",
    "payout correct_benefit_kind": "a rule's days",
    "payout file_claim": "a claim's days; pay_date and the bank's results are booked",
    "payout file_account_payment /filed_on": "a claim's day; the bank's results are booked",
    "payout file_outgoing_transfer /filed_on": "a claim's day; the bank's results are booked",
    "payout file_stable_job_refund /filed_on": "a claim's day; the bank's results are booked",
    "payout hold_qualification_meeting /held_on": "a paper's day",
    "payout propose_entitlement_change": "a life's day",
    "payout propose_entitlement_rule": "a rule's day",
    "payout propose_formula_row": "a rule's days",
    "payout propose_recovery_plan /instalments/*/due_on": "the runs that keep it back are booked",
    "payout quote_benefit /on": "a question",
    "payout quote_person_benefit /on": "a question",
    "payout quote_unit_benefit /on": "a question",
    "payout record_life_proofs": "a life's day",
    "payout record_qualification_objection /received_on": "a paper's day",
}
"""Days that are booked nowhere, and why; an operation alone stands for all of its days."""


def _dates(node: Any, shapes: dict[str, Any], path: str, seen: frozenset[str]) -> Iterator[str]:
    """Yield the paths of all days in a schema."""
    if reference := node.get("$ref"):
        name = reference.rpartition("/")[2]
        if name not in seen:
            yield from _dates(shapes[name], shapes, path, seen | {name})
        return
    if node.get("format") == "date":
        yield path
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in node.get(kind, []):
            yield from _dates(one, shapes, path, seen)
    for name, one in node.get("properties", {}).items():
        yield from _dates(one, shapes, f"{path}/{name}", seen)
    if "items" in node:
        yield from _dates(node["items"], shapes, f"{path}/*", seen)
    if isinstance(more := node.get("additionalProperties"), dict):
        yield from _dates(more, shapes, f"{path}/{{}}", seen)


def taken_days() -> set[str]:
    """Return "service operation /path" of every day in the body of a request."""
    found = set()
    for service in ("collection", "ledger", "payout"):
        document = json.loads((ROOT / f"openapi/{service}.json").read_text(encoding="utf-8"))
        shapes = document["components"]["schemas"]
        for operations in document["paths"].values():
            for operation in operations.values():
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    for path in _dates(content.get("schema", {}), shapes, "", frozenset()):
                        found.add(f"{service} {operation['operationId']} {path}")
    return found


def test_every_day_that_a_door_takes_has_a_decision() -> None:
    judged = {*FACTS, *CHOICES, *OF_LEDGER}
    open_days = {
        day
        for day in taken_days() - judged
        if day not in NOT_BOOKED and " ".join(day.split()[:2]) not in NOT_BOOKED
    }
    assert open_days == set(), f"decide how these days are booked: {[*Judge]}"


def test_no_decision_is_left_behind() -> None:
    days = taken_days()
    operations = {" ".join(day.split()[:2]) for day in days}
    assert {*FACTS, *CHOICES, *OF_LEDGER} <= days
    assert set(NOT_BOOKED) <= days | operations
    assert not set(NOT_BOOKED) & {*FACTS, *CHOICES, *OF_LEDGER}


@pytest.mark.parametrize("day", list(FACTS))
def test_a_fact_asks_the_shared_days_where_it_is_booked(day: str) -> None:
    source = (ROOT / "services" / FACTS[day]).read_text(encoding="utf-8")
    assert "book_days.read(tx)" in source or "book_days.fact_day(" in source


@pytest.mark.parametrize("day", list(CHOICES))
def test_a_choice_is_refused_by_the_shared_days(day: str) -> None:
    source = (ROOT / "services" / CHOICES[day]).read_text(encoding="utf-8")
    pointer = day.rpartition(" ")[2]
    assert f'"{pointer}")' in source
    assert "chosen_day(" in source
