"""Benefit kinds by day."""

from datetime import date

import pytest

from services.payout.benefits.domain import (
    BenefitKind,
    BenefitKindNotInForce,
    ClaimKind,
    benefit_kind_on,
)


def row(fund: str, first: date, last: date | None) -> BenefitKind:
    return BenefitKind(
        kind="maternity_allowance",
        name="生育津贴",
        fund=fund,
        account="benefit.maternity_allowance",
        in_force_from=first,
        in_force_to=last,
        source="s",
    )


def test_the_fund_of_a_benefit_is_the_one_of_its_day() -> None:
    rows = [
        row("maternity", date(2018, 1, 1), date(2019, 12, 31)),
        row("medical", date(2020, 1, 1), None),
    ]
    kind = ClaimKind.MATERNITY_ALLOWANCE
    assert benefit_kind_on(kind, rows, date(2019, 12, 31)).fund == "maternity"
    assert benefit_kind_on(kind, rows, date(2020, 1, 1)).fund == "medical"
    with pytest.raises(BenefitKindNotInForce):
        benefit_kind_on(kind, rows, date(2017, 1, 1))
    with pytest.raises(BenefitKindNotInForce):
        benefit_kind_on(ClaimKind.PENSION_RUN, rows, date(2020, 1, 1))
