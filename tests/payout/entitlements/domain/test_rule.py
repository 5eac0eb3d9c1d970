"""Dated rules: reasons, the month in which an event ends a pension, life proofs."""

from datetime import date

import pytest

from services.payout.entitlements.domain.change import ChangeAction
from services.payout.entitlements.domain.rule import (
    LastMonth,
    ReasonRule,
    RuleMissing,
    Rules,
    RuleTopic,
    first_month_not_due,
    reason_faults,
)
from shared.period import Period


def reason(*, back_pay: bool) -> dict[str, object]:
    return {"name": "x", "back_pay": back_pay, "last_month": "event", "needs_note": False}


RULES = Rules(
    {
        (RuleTopic.REASON, "suspend.prison"): reason(back_pay=False),
        (RuleTopic.REASON, "end.death"): reason(back_pay=True),
        (RuleTopic.HOLDER, "guardian"): {"name": "监护人"},
        (RuleTopic.ACCOUNT_HOLD, "basic_pension"): {"runs": 0},
    }
)


def test_a_death_stops_from_the_following_month() -> None:
    died = date(2021, 12, 31)
    assert first_month_not_due(ReasonRule("死亡"), died) == Period(2022, 1)
    before = ReasonRule("重复登记", last_month=LastMonth.BEFORE)
    assert first_month_not_due(before, died) == Period(2021, 12)


def test_a_resumption_has_the_reason_of_the_stop() -> None:
    assert not RULES.reason(ChangeAction.RESUME, "prison").back_pay
    assert RULES.reason(ChangeAction.RESUME, "death").back_pay
    with pytest.raises(RuleMissing):
        RULES.reason(ChangeAction.SUSPEND, "death")


def test_a_hold_is_a_rule_and_stands_without_one() -> None:
    assert not RULES.holds_account("basic_pension")
    assert RULES.holds_account("injury_allowance")


def test_a_missing_note_and_an_unknown_holder_are_named() -> None:
    faults = reason_faults(
        RULES, ReasonRule("其他", needs_note=True), None, [None, "aunt"], computed=False
    )
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/note", "NOTE_MISSING"),
        ("/people/1/holder_reason", "HOLDER_REASON_UNKNOWN"),
    ]
