"""Conditions of closings, and the accounts that a carry-over empties."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.closing.domain.carry_over import SURPLUS, carried_accounts, carry_overs
from services.ledger.closing.domain.closing import (
    REMEDIES,
    Closing,
    ClosingAction,
    ClosingEvidence,
    ClosingProgress,
    ClosingStatus,
    ControlTotals,
    PersonalControl,
    require_closable,
    require_reopenable,
)
from services.ledger.closing.domain.errors import (
    AlreadyClosed,
    BusinessNotBooks,
    ControlExpected,
    IncomeAccountNotEmpty,
    MonthsOpen,
    NotClosed,
    OutOfOrder,
    PersonalUnexplained,
    ReceiptsUnmatched,
)
from services.ledger.common.domain.refusal import BookDateInFuture, LedgerRefusal
from services.ledger.rules.domain.closing_rule import Level, Rule, last_day
from shared.errors import Faulty
from tests.ledger.support.making import shipped

TODAY = date(2022, 3, 1)
ALL = frozenset(Rule)
CHART = shipped()
END = date(2021, 12, 31)


def paper(level: Level, period: str, control: dict[str, ControlTotals] | None = None) -> Closing:
    return Closing(
        id=UUID(int=1),
        region="tianjin",
        action=ClosingAction.CLOSE,
        level=level,
        day=last_day(level, period),
        reason="",
        control={} if control is None else control,
        status=ClosingStatus.PROPOSED,
        proposed_by="a",
    )


@pytest.mark.parametrize(
    ("level", "period", "standing", "refusal"),
    [
        (Level.DAY, "2021-07-15", ClosingProgress(), None),
        (Level.DAY, "2022-03-01", ClosingProgress(), None),
        (Level.DAY, "2022-03-02", ClosingProgress(), BookDateInFuture),
        (Level.DAY, "2021-07-15", ClosingProgress(date(2021, 7, 14)), None),
        (Level.DAY, "2021-07-15", ClosingProgress(date(2021, 7, 15)), AlreadyClosed),
        (Level.MONTH, "2022-03", ClosingProgress(), BookDateInFuture),
        (Level.MONTH, "2021-07", ClosingProgress(date(2021, 8, 9), date(2021, 6, 30)), None),
        (Level.MONTH, "2021-07", ClosingProgress(month=date(2021, 7, 31)), AlreadyClosed),
        (Level.MONTH, "2021-07", ClosingProgress(month=date(2021, 5, 31)), OutOfOrder),
        (Level.MONTH, "2022-01", ClosingProgress(month=date(2021, 12, 31)), None),
        (Level.YEAR, "2021", ClosingProgress(month=date(2021, 11, 30)), MonthsOpen),
        (Level.YEAR, "2021", ClosingProgress(month=date(2022, 1, 31)), None),
        (Level.YEAR, "2021", ClosingProgress(month=END, year=END), AlreadyClosed),
        (Level.YEAR, "2021", ClosingProgress(month=END, year=date(2019, 12, 31)), OutOfOrder),
        (Level.YEAR, "2021", ClosingProgress(month=END, year=date(2020, 12, 31)), None),
    ],
)
def test_the_order_of_closings(
    level: Level, period: str, standing: ClosingProgress, refusal: type[LedgerRefusal] | None
) -> None:
    if refusal is None:
        require_closable(paper(level, period), standing, ClosingEvidence(), ALL, TODAY)
        return
    with pytest.raises(refusal):
        require_closable(paper(level, period), standing, ClosingEvidence(), ALL, TODAY)


EVIDENCE = ClosingEvidence(
    suspense={("pension", "heping"): 5},
    income={("medical", "nankai"): 7},
    memo={"pension": ControlTotals(10, 20)},
    benefits={"pension": 30},
    personal={"medical": (50, 40)},
)


@pytest.mark.parametrize(
    ("rules", "refusal"),
    [
        (frozenset(), None),
        ({Rule.RECEIPTS_MATCHED}, ReceiptsUnmatched),
        ({Rule.INCOME_ACCOUNT_EMPTY}, IncomeAccountNotEmpty),
        ({Rule.BUSINESS_TIES}, BusinessNotBooks),
        ({Rule.BENEFITS_TIE}, ControlExpected),
        ({Rule.PERSONAL_TIES}, PersonalUnexplained),
        (ALL, ControlExpected),
    ],
)
def test_only_rules_in_force_apply(
    rules: frozenset[Rule], refusal: type[LedgerRefusal] | None
) -> None:
    asked = paper(Level.DAY, "2021-07-15")
    if refusal is None:
        require_closable(asked, ClosingProgress(), EVIDENCE, rules, TODAY)
        return
    with pytest.raises(refusal) as caught:
        require_closable(asked, ClosingProgress(), EVIDENCE, rules, TODAY)
    assert (
        len(caught.value.faults)
        == {1: 2 if Rule.BUSINESS_TIES in rules else 1, len(ALL): 6}[len(rules)]
    )


def test_every_reason_has_a_remedy() -> None:
    asked = paper(Level.MONTH, "2021-07")
    with pytest.raises(OutOfOrder) as caught:
        require_closable(asked, ClosingProgress(month=date(2021, 5, 31)), EVIDENCE, ALL, TODAY)
    steps = {kind.code: step for kind, step in REMEDIES.items()}
    assert {fault.code for fault in caught.value.faults} == {
        "CLOSING_OUT_OF_ORDER",
        "CONTROL_TOTALS_EXPECTED",
        "RECEIPTS_UNMATCHED",
        "INCOME_ACCOUNT_NOT_EMPTY",
        "BUSINESS_NOT_BOOKS",
        "PERSONAL_UNEXPLAINED",
    }
    for fault in caught.value.faults:
        assert fault.message.endswith(f" · {steps[fault.code]}")


@pytest.mark.parametrize(
    ("says", "codes"),
    [
        (PersonalControl(received_fen=50, credited_fen=40, part_paid_fen=10), []),
        (
            PersonalControl(
                received_fen=50,
                credited_fen=40,
                part_paid_fen=4,
                in_delivery_fen=1,
                standing_credits_fen=2,
                unnamed_fen=3,
            ),
            [],
        ),
        (PersonalControl(received_fen=50, credited_fen=40), ["PERSONAL_UNEXPLAINED"]),
        (
            PersonalControl(received_fen=51, credited_fen=40, part_paid_fen=10),
            ["BUSINESS_NOT_BOOKS"],
        ),
        (
            PersonalControl(received_fen=50, credited_fen=41, part_paid_fen=9),
            ["BUSINESS_NOT_BOOKS", "PERSONAL_UNEXPLAINED"],
        ),
        (None, ["PERSONAL_UNEXPLAINED"]),
    ],
)
def test_every_difference_of_personal_accounts_must_be_explained(
    says: PersonalControl | None, codes: list[str]
) -> None:
    asked = paper(Level.MONTH, "2021-07", {"medical": ControlTotals(personal=says)})
    seen = ClosingEvidence(personal={"medical": (50, 40)})
    if not codes:
        require_closable(asked, ClosingProgress(), seen, ALL, TODAY)
        return
    with pytest.raises(LedgerRefusal) as caught:
        require_closable(asked, ClosingProgress(), seen, ALL, TODAY)
    assert [fault.code for fault in caught.value.faults] == codes


def test_totals_are_required_by_their_rules() -> None:
    asked = Closing(
        **{
            **{
                f: getattr(paper(Level.DAY, "2021-07-15"), f)
                for f in (
                    "id",
                    "region",
                    "action",
                    "level",
                    "day",
                    "reason",
                    "status",
                    "proposed_by",
                )
            },
            "control": None,
        }
    )
    with pytest.raises(ControlExpected):
        require_closable(asked, ClosingProgress(), ClosingEvidence(), ALL, TODAY)
    require_closable(asked, ClosingProgress(), ClosingEvidence(), ALL - {Rule.BUSINESS_TIES}, TODAY)


def test_an_open_day_is_not_reopened() -> None:
    with pytest.raises(NotClosed):
        require_reopenable(date(2021, 7, 1), ClosingProgress())
    with pytest.raises(NotClosed):
        require_reopenable(date(2021, 7, 2), ClosingProgress(date(2021, 7, 1)))
    require_reopenable(date(2021, 7, 1), ClosingProgress(date(2021, 7, 1)))


@pytest.mark.parametrize("period", ["2021", "2021-02-30", "1899-01-01", "2021-1-1", "", "x" * 10])
def test_a_malformed_period_is_refused(period: str) -> None:
    with pytest.raises(Faulty):
        last_day(Level.DAY, period)


keys = st.tuples(
    st.sampled_from(["pension", "medical"]),
    st.sampled_from(carried_accounts(CHART, END)),
    st.sampled_from(["heping", "nankai", "centre"]),
)


@given(st.dictionaries(keys, st.integers(-(10**12), 10**12), max_size=30))
def test_a_carry_over_balances_and_takes_every_account_to_zero(
    balances: dict[tuple[str, str, str], int],
) -> None:
    drafts = carry_overs(CHART, balances, END, 1)
    assert set(drafts) == {fund for (fund, _, _), net in balances.items() if net}
    left = dict(balances)
    for fund, draft in drafts.items():
        assert sum(line.debit_fen - line.credit_fen for line in draft.lines) == 0
        assert all((line.debit_fen > 0) != (line.credit_fen > 0) for line in draft.lines)
        assert draft.event_id == f"carry_over:2021:{fund}"
        for line in draft.lines:
            if line.account != SURPLUS:
                left[fund, line.account, line.district] += line.debit_fen - line.credit_fen
        surplus = sum(x.credit_fen - x.debit_fen for x in draft.lines if x.account == SURPLUS)
        assert surplus == -sum(net for (of, _, _), net in balances.items() if of == fund)
    assert not any(left.values())
