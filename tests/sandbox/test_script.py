"""Decisions depend on the seed and on what a line is about, and on nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from services.sandbox.script import (
    DebitRates,
    Draw,
    PaymentRates,
    Script,
    ScriptOut,
    TaxRates,
    Timing,
    plan_debit,
    plan_payment,
    tax_paid_fen,
)

DAY, TODAY = date(2021, 7, 20), date(2026, 1, 1)


def draw(reference: str, *, seed: int = 1, attempt: int = 0, purpose: str = "debit") -> Draw:
    return Draw(seed, purpose, reference, attempt)


def test_the_same_line_always_ends_the_same_way() -> None:
    script = Script()
    first = plan_debit(script, draw("91120101MA00000009/2021-07"), day=DAY, today=TODAY)
    assert plan_debit(script, draw("91120101MA00000009/2021-07"), day=DAY, today=TODAY) == first


def test_another_seed_period_or_attempt_is_another_draw() -> None:
    serials = {
        draw("a/2021-07").serial(),
        draw("a/2021-07", seed=2).serial(),
        draw("a/2021-08").serial(),
        draw("a/2021-07", attempt=1).serial(),
        draw("a/2021-07", purpose="payment").serial(),
    }
    assert len(serials) == 5


def test_rates_are_met_in_the_long_run() -> None:
    script = Script(debit=DebitRates(refused="0.10", unknown="0.05", late="0", twice="0"))
    plans = [plan_debit(script, draw(str(n)), day=DAY, today=TODAY) for n in range(5_000)]
    assert 0.08 < sum(not plan.done for plan in plans) / 5_000 < 0.12
    assert 0.035 < sum(plan.timing is Timing.UNKNOWN for plan in plans) / 5_000 < 0.065


def test_a_refusal_names_a_reason() -> None:
    script = Script(debit=DebitRates(refused="1"))
    plan = plan_debit(script, draw("x"), day=DAY, today=TODAY)
    assert not plan.done
    assert plan.reason_code
    assert plan.reason


def test_a_returned_payment_comes_back_days_later_but_never_in_the_future() -> None:
    script = Script(payment=PaymentRates(refused="0", returned="1"))
    plan = plan_payment(script, draw("x", purpose="payment"), day=DAY, today=TODAY)
    assert plan.done
    assert plan.returned_on == date(2021, 7, 23)
    plan = plan_payment(script, draw("x", purpose="payment"), day=DAY, today=DAY)
    assert plan.returned_on == DAY
    assert plan.value_date == DAY


def test_a_taxpayer_pays_all_six_tenths_or_nothing() -> None:
    pays = Script(tax=TaxRates(unpaid="0", partial="0"))
    assert tax_paid_fen(pays, draw("x"), 1_001) == 1_001
    assert tax_paid_fen(Script(tax=TaxRates(unpaid="1")), draw("x"), 1_001) == 0
    assert tax_paid_fen(Script(tax=TaxRates(unpaid="0", partial="1")), draw("x"), 1_001) == 600


@pytest.mark.parametrize("rate", ["1.01", "-0.1", "0,5", "", "50%", 0.5, None])
def test_a_rate_is_a_decimal_string_between_zero_and_one(rate: object) -> None:
    with pytest.raises(ValidationError):
        Script.model_validate({"debit": {"refused": rate}})


def test_what_is_shown_can_be_set_again() -> None:
    shown = ScriptOut.model_validate(Script(seed=5)).model_dump_json()
    assert Script.model_validate_json(shown) == Script(seed=5)
