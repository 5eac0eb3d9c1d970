"""A month closes only when the accounts that statements are expected of are reconciled."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.ledger.closing.domain.closing import (
    Closing,
    ClosingAction,
    ClosingEvidence,
    ClosingProgress,
    ClosingStatus,
    require_closable,
)
from services.ledger.closing.domain.errors import ReconciliationOpen
from services.ledger.closing.domain.reconciliation import ReconciliationControl
from services.ledger.rules.domain.closing_rule import Level, Rule

MONTH = Closing(
    id=UUID(int=1),
    region="tianjin",
    action=ClosingAction.CLOSE,
    level=Level.MONTH,
    day=date(2021, 7, 31),
    reason="",
    control={},
    status=ClosingStatus.PROPOSED,
    proposed_by="a",
)
DONE = ReconciliationControl("treasury_deposit", 0, 0, 0)
RULES = {Rule.RECONCILED}


def close(*accounts: ReconciliationControl, rules: set[Rule] = RULES) -> None:
    paper = replace(MONTH, reconciliation=accounts)
    require_closable(paper, ClosingProgress(), ClosingEvidence(), rules, date(2021, 8, 2))


@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 2, 0), (0, 0, 3)])
def test_anything_open_refuses_and_names_its_account(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ReconciliationOpen) as refused:
        close(DONE, ReconciliationControl("income_deposit", *counts))
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code) == ("/control/reconciliation/1", "RECONCILIATION_OPEN")
    assert "income_deposit" in fault.message
    assert "bank-statements" in fault.message


def test_accounts_in_order_and_levels_without_the_rule_close() -> None:
    close()
    close(DONE)
    close(ReconciliationControl("income_deposit", 1, 1, 1), rules={Rule.RECEIPTS_MATCHED})
