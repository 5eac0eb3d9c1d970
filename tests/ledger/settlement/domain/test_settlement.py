"""Vouchers of settlements, per fund and district."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.posting.domain.check import Checker
from services.ledger.settlement.domain.settlement import (
    Settlement,
    SettlementKind,
    SettlementStatus,
    voucher_of,
)
from tests.ledger.support.making import shipped

CHECKER = Checker(shipped())
DISTRICTS = ("heping", "nankai", "binhai")


def proposed(kind: SettlementKind, **amounts: int) -> Settlement:
    return Settlement(
        id=UUID(int=7),
        kind=kind,
        day=date(2021, 7, 31),
        summary="",
        amounts=amounts,
        status=SettlementStatus.PROPOSED,
        proposed_by="wang",
    )


balances = st.dictionaries(
    st.tuples(st.sampled_from(("pension", "medical", "maternity")), st.sampled_from(DISTRICTS)),
    st.integers(-(10**6), 10**9).filter(bool),
)


@pytest.mark.parametrize(
    ("kind", "account"),
    [
        (SettlementKind.SWEEP, "income_deposit"),
        (SettlementKind.TREASURY_REMIT, "treasury_deposit"),
    ],
)
@given(balances=balances)
def test_after_a_sweep_every_district_of_a_swept_fund_is_at_zero(
    kind: SettlementKind, account: str, balances: dict[tuple[str, str], int]
) -> None:
    draft, moved = voucher_of(proposed(kind), balances)
    left = dict(balances)
    for line in draft.lines if draft else ():
        if line.account == account:
            left[line.fund, line.district] += line.debit_fen - line.credit_fen
    totals = {fund: sum(v for (f, _), v in balances.items() if f == fund) for fund, _ in balances}
    for (fund, _), fen in left.items():
        assert fen == 0 or totals[fund] <= 0
    assert moved == {fund: total for fund, total in totals.items() if total > 0}
    if draft:
        assert CHECKER.check(draft, date(2021, 8, 1)) is None


def test_nothing_to_sweep_makes_no_voucher() -> None:
    assert voucher_of(proposed(SettlementKind.SWEEP), {}) == (None, {})


@pytest.mark.parametrize(
    "kind", [SettlementKind.EXPENDITURE_FUNDING, SettlementKind.FISCAL_SUBSIDY]
)
def test_proposed_amounts_are_moved(kind: SettlementKind) -> None:
    draft, moved = voucher_of(proposed(kind, pension=500, medical=7), {})
    assert moved == {"pension": 500, "medical": 7}
    assert draft is not None
    assert CHECKER.check(draft, date(2021, 8, 1)) is None
    assert {line.district for line in draft.lines} == {"centre"}


def test_a_settlement_has_one_event_id() -> None:
    one, _ = voucher_of(proposed(SettlementKind.FISCAL_SUBSIDY, pension=5), {})
    assert one is not None
    assert (one.source, one.event_id, one.slot) == ("ledger", f"settlement:{UUID(int=7).hex}", 0)
