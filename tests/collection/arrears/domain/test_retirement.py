"""Months that keep a person from retiring: overdue ones of pension, and no deferred month."""

from datetime import date
from uuid import UUID

from services.collection.arrears.domain.arrears import OpenLine, Receivable, receivable
from services.collection.arrears.domain.retirement import unpaid_months
from services.collection.contributions.domain import BilledMonth
from shared.period import Period

CODE = "91120101MA00000019"


def billed(number: int, period: str) -> BilledMonth:
    return BilledMonth(1, UUID(int=number), CODE, "heping", period)


def owed(
    number: int, period: str, insurance: str = "pension", *, deferred: bool = False
) -> Receivable:
    line = OpenLine(
        unit_id=1,
        credit_code=CODE,
        bill_id=UUID(int=number),
        kind="contribution",
        policy_id=UUID(int=9),
        period=period,
        due_on=date(2021, 8, 25),
        total_fen=100,
        line_no=1,
        insurance=insurance,
        party="unit",
        account="pooled",
        open_fen=100,
    )
    return receivable(
        line, date(2021, 9, 1), deferred=deferred, protected=False, accruals=(), charged={}
    )


def test_the_persons_own_overdue_months_of_pension_count() -> None:
    counted = [billed(1, "2021-05"), billed(2, "2021-06"), billed(3, "2021-07")]
    receivables = [
        owed(1, "2021-05"),
        owed(2, "2021-06", "medical"),
        owed(3, "2021-07", deferred=True),
        owed(4, "2021-04"),
    ]
    (found,) = unpaid_months(counted, receivables)
    assert (found.credit_code, found.periods) == (CODE, (Period(2021, 5),))
