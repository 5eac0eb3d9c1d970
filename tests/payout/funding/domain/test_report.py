"""Plan against actual: what is named when plan, money and batches do not fit."""

from services.payout.funding.domain.report import (
    LedgerAccount,
    LedgerFund,
    PlannedSum,
    funding_of,
)

PENSION = "benefit.basic_pension"


def fund(*, held_fen: int = 0, **account: int) -> LedgerFund:
    return LedgerFund(
        fund="pension",
        opening_fen=0,
        other_fen=0,
        closing_fen=0,
        held_fen=held_fen,
        entries=None,
        accounts={PENSION: LedgerAccount(**account)},
        fundings=(),
    )


def test_a_month_that_fits_has_no_warning() -> None:
    ledger = fund(received_fen=100, paid_fen=90, returned_fen=5, held_fen=10)
    [one] = funding_of(
        {("pension", PENSION): PlannedSum(100, 100)}, {"pension": ledger}, {"pension": 10}
    )
    [line] = one.lines
    assert (line.waiting_fen, line.left_fen, one.warnings) == (0, 15, [])


def test_money_unasked_unplanned_or_held_for_nobody_is_named() -> None:
    ledger = fund(received_fen=120, paid_fen=130, held_fen=10)
    [one] = funding_of({("pension", PENSION): PlannedSum(110, 100)}, {"pension": ledger}, {})
    assert [warning.split()[0] for warning in one.warnings] == [
        "RECEIVED_BEYOND_REQUEST",
        "PAID_BEYOND_PLAN",
        "HELD_DIFFERS",
    ]


def test_a_plan_of_a_fund_that_the_ledger_does_not_know_yet_is_shown() -> None:
    [one] = funding_of({("medical", "benefit.hospital"): PlannedSum(7, 0)}, {}, {})
    assert [(line.planned_fen, line.waiting_fen) for line in one.lines] == [(7, 0)]
