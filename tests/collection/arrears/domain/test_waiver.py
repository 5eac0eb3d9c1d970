"""A waiver takes exactly what is asked off what is open, and never what was paid."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.allocation.domain.allocation import Bill, BillLine, settle
from services.collection.arrears.domain.waiver import (
    OpenChargeLine,
    Waiver,
    WaiverReason,
    WaiverState,
    faults_in,
    waived_lines,
    waived_voucher,
)
from services.collection.arrears.store import waiver_reason as waiver_reason_store
from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from services.collection.policy.domain.charge import ChargeKind
from shared.entry import Account, Side

DAY = date(2021, 9, 1)
FEE, INTEREST = ChargeKind.LATE_FEE, ChargeKind.INTEREST
REASON = WaiverReason(
    code="R",
    text="r",
    kinds=(FEE,),
    in_force_from=date(2021, 1, 1),
    in_force_to=date(2021, 12, 31),
    source="s",
    certain=False,
)


def a_line(
    line_no: int, open_fen: int, kind: ChargeKind = FEE, fund: str = "pension"
) -> OpenChargeLine:
    return OpenChargeLine(line_no=line_no, kind=kind, insurance=fund, fund=fund, open_fen=open_fen)


def codes(*, reason="R", kinds=(FEE,), amount_fen=None, on=DAY, lines=None):
    found = faults_in(reason, kinds, amount_fen, on, lines or [a_line(1, 100)], [REASON])
    return {fault.code for fault in found}


def test_a_reason_is_known_in_force_and_of_that_kind() -> None:
    assert codes() == set()
    assert codes(reason="OTHER") == {"REASON_UNKNOWN"}
    assert codes(on=date(2022, 1, 1)) == {"REASON_NOT_IN_FORCE"}
    interest = [a_line(1, 100, INTEREST)]
    assert codes(kinds=(INTEREST,), lines=interest) == {"REASON_OF_ANOTHER_KIND"}


def test_no_more_than_is_open_of_the_kind_is_waived() -> None:
    lines = [a_line(1, 100), a_line(2, 50, INTEREST)]
    assert codes(amount_fen=100, lines=lines) == set()
    assert codes(amount_fen=101, lines=lines) == {"AMOUNT_ABOVE_OPEN"}
    assert codes(lines=[a_line(1, 0)]) == {"NOTHING_OPEN"}


opens = st.lists(
    st.tuples(st.integers(0, 10**9), st.sampled_from(list(ChargeKind))), min_size=1, max_size=8
)


@given(opens, st.data())
def test_what_is_waived_sums_up_and_stays_within_what_is_open(found, data) -> None:
    lines = [a_line(number, fen, kind) for number, (fen, kind) in enumerate(found, 1)]
    kinds = data.draw(st.sampled_from([(FEE,), (INTEREST,), (FEE, INTEREST)]))
    open_fen = sum(line.open_fen for line in lines if line.kind in kinds)
    if not open_fen:
        return
    amount_fen = data.draw(st.one_of(st.none(), st.integers(1, open_fen)))
    made = waived_lines(lines, kinds, amount_fen)
    assert sum(line.amount_fen for line in made) == (open_fen if amount_fen is None else amount_fen)
    by_number = {line.line_no: line for line in lines}
    for line in made:
        assert 0 < line.amount_fen <= by_number[line.line_no].open_fen
        assert line.kind in kinds


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.data())
def test_a_bill_that_was_lowered_after_a_part_payment_takes_nothing_back(owed, data) -> None:
    lines = tuple(
        BillLine(line_no=n, fund="pension", account=FEE, amount_fen=fen)
        for n, fen in enumerate(owed)
    )
    bill = Bill(
        unit_id=7,
        id=UUID(int=1),
        declaration_id=UUID(int=2),
        credit_code="x",
        district="heping",
        period="2021-07",
        issued_on=DAY,
        lines=lines,
        line_settled_fen=(0,) * len(lines),
        kind="charge",
    )
    paid, _, _ = settle(bill, data.draw(st.integers(1, sum(owed))))
    lowered = tuple(
        line._replace(amount_fen=data.draw(st.integers(settled, line.amount_fen)))
        for line, settled in zip(paid.lines, paid.line_settled_fen, strict=True)
    )
    left_over = replace(paid, lines=lowered)
    more = data.draw(st.integers(0, left_over.open_fen))
    after, shares, excess_fen = settle(left_over, more)
    assert excess_fen == 0
    assert sum(share.amount_fen for share in shares) == more
    assert all(share.amount_fen > 0 for share in shares)
    for line, settled in zip(after.lines, after.line_settled_fen, strict=True):
        assert settled <= line.amount_fen
    whole, _, rest = settle(after, 10**12)
    assert whole.status == "settled"
    assert rest == 10**12 - after.open_fen


def test_the_memo_of_a_waiver_takes_the_receivable_back_by_fund() -> None:
    waiver = Waiver(
        unit_id=7,
        id=UUID(int=1),
        bill_id=UUID(int=2),
        credit_code="c",
        district="heping",
        period="2021-07",
        reason="R",
        evidence="e",
        note="",
        asked_on=DAY,
        amount_fen=60,
        status=WaiverState.APPROVED,
        decided_on=DAY,
        lines=waived_lines(
            [a_line(1, 10), a_line(2, 20), a_line(3, 30, fund="medical")], (FEE,), None
        ),
    )
    voucher = waived_voucher(waiver)
    assert voucher.book_date == DAY
    assert {(e.fund, e.account, e.side): e.amount_fen for e in voucher.entries} == {
        ("pension", Account.MEMO_LEVIED, Side.DEBIT): 30,
        ("pension", Account.MEMO_RECEIVABLE, Side.CREDIT): 30,
        ("medical", Account.MEMO_LEVIED, Side.DEBIT): 30,
        ("medical", Account.MEMO_RECEIVABLE, Side.CREDIT): 30,
    }


@pytest.mark.parametrize(
    "reason",
    waiver_reason_store.reasons_from(city_rule_store.shipped(CityRule.WAIVER_REASONS)),
    ids=lambda reason: reason.code,
)
def test_shipped_reasons_have_days_and_a_source(reason: WaiverReason) -> None:
    assert reason.kinds
    assert reason.source
    assert reason.in_force_to is None or reason.in_force_from <= reason.in_force_to


def test_shipped_reasons_have_codes_of_their_own() -> None:
    known = [
        reason.code
        for reason in waiver_reason_store.reasons_from(
            city_rule_store.shipped(CityRule.WAIVER_REASONS)
        )
    ]
    assert len(known) == len(set(known))
