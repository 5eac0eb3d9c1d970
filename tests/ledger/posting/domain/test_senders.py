"""Each kind of voucher has its senders: the shipped matrix beside a table written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.ledger.common.domain.refusal import SenderForbidden
from services.ledger.posting.domain.check import Checker
from services.ledger.posting.domain.reversal import reversal
from services.ledger.rules.domain.chart import OWN_SOURCE, Catalogue, Flow
from services.ledger.rules.domain.faults import SENDERS
from shared.roles import Role
from tests.ledger.support.making import DAY, lines, receipt_draft, shipped

COLLECTION, PAYOUT, LEDGER = "collection_service", "payout_service", OWN_SOURCE
SENDER = {
    "adjustment": COLLECTION,
    "bill": COLLECTION,
    "interest": COLLECTION,
    "late_fee": COLLECTION,
    "match": COLLECTION,
    "reallocation": COLLECTION,
    "receipt": COLLECTION,
    "receipt_return": COLLECTION,
    "refund_return": COLLECTION,
    "suspense": COLLECTION,
    "waiver": COLLECTION,
    "advance_settlement": PAYOUT,
    "benefit_recovery": PAYOUT,
    "payment": PAYOUT,
    "payment_return": PAYOUT,
    "adjustment_grant": LEDGER,
    "adjustment_received": LEDGER,
    "adjustment_remit": LEDGER,
    "expenditure_funding": LEDGER,
    "fiscal_subsidy": LEDGER,
    "interest_received": LEDGER,
    "refund": LEDGER,
    "superior_grant": LEDGER,
    "transfer_in": LEDGER,
    "sweep": LEDGER,
    "sweep_back": LEDGER,
    "treasury_remit": LEDGER,
}
"""The one sender of each kind, but for the flows below."""
OTHERS = {
    # A settlement books it; collection did, and a message of then may still be on its way.
    ("refund", "memo_receivable"): f"{COLLECTION} {LEDGER}",
    # Interest of a bank on the centre's accounts is a settlement.
    ("interest", "fiscal_deposit"): LEDGER,
    ("interest", "expenditure_deposit"): LEDGER,
}
EVERYBODY = sorted({LEDGER, *(role.value for role in Role)})
CATALOGUE = shipped()
CHECKER = Checker(CATALOGUE)
FLOWS = [flow for flows in CATALOGUE._flows.values() for flow in flows]


def test_every_kind_has_one_sender_that_posts_vouchers_at_all() -> None:
    assert {flow.kind for flow in FLOWS} == set(SENDER)
    assert {*SENDER.values()} == SENDERS


@pytest.mark.parametrize("kind", sorted(SENDER))
@pytest.mark.parametrize("sender", EVERYBODY)
def test_a_kind_is_posted_by_its_sender_and_by_nobody_else(kind: str, sender: str) -> None:
    for flow in FLOWS:
        if flow.kind != kind:
            continue
        debit, credit = (_account(CATALOGUE, pattern) for pattern in (flow.debit, flow.credit))
        fund = _fund(CATALOGUE, debit, credit)
        draft = receipt_draft(
            kind=kind,
            owner="centre",
            sender=sender,
            lines=lines(debit, credit, 5, fund, book=flow.book.value),
        )
        refusal = CHECKER.check(draft, DAY)
        found = {fault.code: fault for fault in refusal.faults} if refusal else {}
        may = OTHERS.get((kind, flow.debit), SENDER[kind]).split()
        assert (SenderForbidden.code in found) is (sender not in may), flow
        if sender not in may:
            fault = found[SenderForbidden.code]
            assert fault.pointer == "/kind"
            assert all(word in fault.message for word in (kind, sender, *may))


def test_a_correction_may_open_a_kind_to_several_senders_by_name() -> None:
    both = [
        replace(flow, by=f"{COLLECTION} {PAYOUT}") if flow.kind == "payment" else flow
        for flow in FLOWS
    ]
    checker = Checker(_with_flows(both))
    for sender, allowed in ((COLLECTION, True), (PAYOUT, True), ("tax_bureau", False)):
        draft = receipt_draft(
            kind="payment",
            owner="centre",
            sender=sender,
            hold="hld_x",
            lines=lines("benefit.basic_pension", "expenditure_deposit", 5),
        )
        refusal = checker.check(draft, DAY)
        assert (refusal is None) is allowed


def test_a_reversal_is_posted_by_whoever_may_reverse() -> None:
    red = reversal(receipt_draft(), 1, source="wang", event_id="r", book_date=DAY, summary="更正")
    assert CHECKER.check(red, DAY) is None


def _with_flows(flows: list[Flow]) -> Catalogue:
    accounts = [row for rows in CATALOGUE._accounts.values() for row in rows]
    return Catalogue(accounts, CATALOGUE.every_fund(), flows)


def _account(catalogue: Catalogue, pattern: str) -> str:
    keys = sorted(catalogue.account_keys)
    return next(
        key
        for key in keys
        if key == pattern or (pattern.endswith(".*") and key.startswith(pattern[:-1]))
    )


def _fund(catalogue: Catalogue, *keys: str) -> str:
    funds = set(catalogue.fund_codes)
    for key in keys:
        account = catalogue.account(key, DAY)
        assert account is not None, key
        funds &= account.funds or funds
    return min(funds)
