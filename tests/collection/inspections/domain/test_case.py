"""A case closes when its money is in; a decision is withdrawn while none was recovered."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.collection.inspections.domain.case import (
    CaseMonth,
    InspectionOutcome,
    closing_faults,
)
from services.collection.inspections.domain.finding import FindingKind, InspectionFinding
from services.collection.inspections.domain.recovery import (
    InspectionRecovery,
    InspectionRecoveryState,
)
from shared.ids import Ref

FINDING = InspectionFinding(
    number=1,
    kind=FindingKind.BASE_UNDERSTATED,
    period="2021-07",
    note="",
    person_id=1,
    masked_number="1",
    wage_fen=900_000,
)
ORDER = InspectionRecovery(
    case=Ref(1, UUID(int=1)),
    number=2,
    claim="clm_1",
    claim_line=1,
    amount_fen=100,
    note="",
    document="",
    status=InspectionRecoveryState.WAITING,
    recovery_case=None,
    refusal=None,
    recovered_fen=0,
    written_off_fen=0,
)


def month(status: str) -> CaseMonth:
    return CaseMonth(
        period="2021-07", declaration=UUID(int=1), status=status, collected_fen=0, open_fen=0
    )


@pytest.mark.parametrize(
    ("statuses", "unpaid"),
    [
        (["settled"], []),
        (["settled", "submitted"], ["MONTH_NOT_PAID"]),
        (["settled", "billed"], ["MONTH_NOT_PAID"]),
        (["settled", "withdrawn", "superseded"], []),
        (["withdrawn"], ["MONTH_NOT_PAID"]),
        ([], ["MONTH_NOT_PAID"]),
    ],
)
def test_a_month_is_paid_when_every_declaration_of_it_is(
    statuses: list[str], unpaid: list[str]
) -> None:
    months = [month(status) for status in statuses]
    faults = closing_faults(InspectionOutcome.COLLECTED, [FINDING], months, [])
    assert [fault.code for fault in faults] == unpaid


def test_a_case_is_not_withdrawn_once_payout_recovers() -> None:
    taken = replace(ORDER, status=InspectionRecoveryState.OPENED)
    paid = replace(ORDER, status=InspectionRecoveryState.CLOSED, recovered_fen=1)
    dropped = replace(ORDER, status=InspectionRecoveryState.CLOSED, written_off_fen=100)
    for order, count in ((ORDER, 0), (taken, 1), (paid, 1), (dropped, 0)):
        assert len(closing_faults(InspectionOutcome.WITHDRAWN, [], [], [order])) == count
