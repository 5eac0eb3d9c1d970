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
    emptying_refusal,
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
def test_a_sweep_brings_every_fund_and_district_to_zero(
    kind: SettlementKind, account: str, balances: dict[tuple[str, str], int]
) -> None:
    total_fen = sum(balances.values())
    refusal = emptying_refusal(kind, balances)
    if not balances:
        assert refusal is not None
        assert refusal.code == "NOTHING_TO_MOVE"
        return
    if total_fen < 0:
        assert refusal is not None
        if kind is SettlementKind.TREASURY_REMIT:
            assert refusal.code == "NOTHING_TO_MOVE"
            return
        assert refusal.code == "SWEEP_BACK_NEEDED"
        kind = SettlementKind.SWEEP_BACK
    elif kind is SettlementKind.SWEEP:
        back = emptying_refusal(SettlementKind.SWEEP_BACK, balances)
        assert back is not None
        assert back.code == "NOTHING_TO_MOVE"
    assert emptying_refusal(kind, balances) is None
    draft, moved = voucher_of(proposed(kind), balances)
    assert draft is not None
    left, fiscal = dict(balances), dict.fromkeys((fund for fund, _ in balances), 0)
    for line in draft.lines:
        net_fen = line.debit_fen - line.credit_fen
        if line.account == account:
            left[line.fund, line.district] += net_fen
        else:
            assert (line.account, line.district) == ("fiscal_deposit", "centre")
            fiscal[line.fund] += net_fen
    assert not any(left.values())
    assert {fund: fen for fund, fen in fiscal.items() if fen} == moved
    assert sum(moved.values()) == total_fen
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
