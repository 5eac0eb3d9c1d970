"""Reports of the bank, and the lines they are about, for tests of the domain."""

from datetime import date, timedelta

from services.payout.payments.domain.payment import BankReport, Outcome, PaymentLine

TODAY = date(2022, 3, 1)
DAY = date(2021, 12, 30)


def report(outcome: Outcome, line_no: int = 1, **changes: object) -> BankReport:
    plain = BankReport(
        line_no=line_no,
        outcome=outcome,
        bank_serial=f"S{line_no}",
        amount_fen=100 * line_no,
        value_date=DAY,
    )
    if outcome is Outcome.RETURNED:
        day = DAY + timedelta(days=1)
        plain = plain._replace(bank_serial=f"S{line_no}-R", value_date=day)
    return plain._replace(**changes)


def line(line_no: int = 1, part_no: int = 1) -> PaymentLine:
    return PaymentLine(line_no=line_no, part_no=part_no, amount_fen=100 * line_no)
