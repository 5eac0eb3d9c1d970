"""Payment lines, and the bank's reports about them.

A line keeps what the bank has reported (paid, refused, returned), and its status follows from that.
So the same reports in any order, any number of times, end the same. A report that contradicts what
is known is rejected and changes nothing. `unknown` stays until a later report settles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

MESSAGES: Final = {
    "LINE_UNKNOWN": "批次中没有这一笔 (the batch has no such line)",
    "AMOUNT_DIFFERS": "金额与支付明细不符 (the amount is not that of the line)",
    "VALUE_DATE_MISSING": "须有入账日期 (paid and returned need a value date)",
    "VALUE_DATE_BEFORE_CHART": "入账日期早于会计科目表首日 (before the first day of the chart)",
    "VALUE_DATE_IN_FUTURE": "入账日期晚于今天 (the value date is later than today)",
    "CONTRADICTS_PAYMENT": "该笔已报支付成功 (the line was reported paid)",
    "CONTRADICTS_REFUSAL": "该笔已报支付失败 (the line was reported refused)",
    "PAYMENT_DIFFERS": "与先前的支付回报不一致 (differs from the earlier report of payment)",
    "RETURN_DIFFERS": "与先前的退票回报不一致 (differs from the earlier report of the return)",
    "REFUSAL_DIFFERS": "与先前的失败回报不一致 (differs from the earlier report of refusal)",
    "RETURN_BEFORE_PAYMENT": "退票日期早于支付日期 (returned before it was paid)",
}


class Outcome(StrEnum):
    """The outcomes that the bank reports."""

    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"  # 退票: paid, then came back
    UNKNOWN = "unknown"


class LineStatus(StrEnum):
    """The states of a payment line."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    RETURN_EARLY = "return_early"  # the return was reported before the payment
    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"

    @property
    def is_final(self) -> bool:
        """Tell whether the batch no longer waits for the line. A paid line may still come back."""
        return self is LineStatus.PAID or self is LineStatus.REFUSED or self is LineStatus.RETURNED


@dataclass(frozen=True, slots=True)
class BankEvent:
    """A payment, refusal or return: the bank's serial, and the day the money moved, if it did.

    `booked_on` is that day, or the first one that the books take; it is no part of the report.
    """

    serial: str
    on: date | None
    booked_on: date | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OpenDays:
    """The first day that the books take for a batch, and the first day of the chart of accounts."""

    first_open: date = date.min
    first_charted: date = date.min

    def booked_on(self, day: date) -> date:
        """Find the day on which money of a day is booked."""
        return max(day, self.first_open)


class BankReport(NamedTuple):
    """One item of a result file.

    Reports and lines are tuples: a city's month has 600,000 of each, and a frozen dataclass takes
    three times as long to make.
    """

    line_no: int
    outcome: Outcome
    bank_serial: str
    amount_fen: int
    value_date: date | None = None
    reason_code: str | None = None
    reason: str | None = None


class PaymentLine(NamedTuple):
    """A payment line with everything reported about it; `part_no` names its claim in the batch."""

    line_no: int
    part_no: int
    amount_fen: int
    reported_unknown: bool = False
    paid: BankEvent | None = None
    refused: BankEvent | None = None
    returned: BankEvent | None = None
    reason_code: str | None = None
    reason: str | None = None

    @property
    def status(self) -> LineStatus:
        """Return the status that follows from the reports."""
        if self.paid:
            return LineStatus.RETURNED if self.returned else LineStatus.PAID
        if self.refused:
            return LineStatus.REFUSED
        if self.returned:
            return LineStatus.RETURN_EARLY
        return LineStatus.UNKNOWN if self.reported_unknown else LineStatus.PENDING

    @property
    def came_back(self) -> bool:
        """Tell whether both the payment and its return are known."""
        return self.paid is not None and self.returned is not None


@dataclass(frozen=True, slots=True)
class ReportRejection:
    """A report that is not accepted, and why."""

    report: BankReport
    code: str

    @property
    def message(self) -> str:
        """Return the sentence for the code."""
        return MESSAGES[self.code]


@dataclass(slots=True)
class FileReview:
    """The effect of a result file: changed lines before and after, and each report's outcome."""

    before: dict[int, PaymentLine] = field(default_factory=dict)
    after: dict[int, PaymentLine] = field(default_factory=dict)
    applied: list[BankReport] = field(default_factory=list)
    replayed: list[BankReport] = field(default_factory=list)
    rejected: list[ReportRejection] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """Count the reports of an outcome that changed a line."""
        return sum(report.outcome is outcome for report in self.applied)


def review_file(
    lines: Mapping[int, PaymentLine],
    reports: Iterable[BankReport],
    today: date,
    books: OpenDays = OpenDays(),
) -> FileReview:
    """Apply a result file's reports one after another to the lines that they name."""
    review = FileReview()
    for report in reports:
        line = review.after.get(report.line_no) or lines.get(report.line_no)
        code = "LINE_UNKNOWN" if line is None else fault_of(line, report, today, books)
        if code is not None or line is None:
            review.rejected.append(ReportRejection(report, code or "LINE_UNKNOWN"))
            continue
        changed = apply(line, report, books)
        if changed == line:
            review.replayed.append(report)
            continue
        review.applied.append(report)
        review.before.setdefault(line.line_no, line)
        review.after[line.line_no] = changed
    return review


def fault_of(line: PaymentLine, report: BankReport, today: date, books: OpenDays) -> str | None:
    """Find why a report about a line cannot be accepted, as a code; None when it can."""
    if report.amount_fen != line.amount_fen:
        return "AMOUNT_DIFFERS"
    if report.value_date is not None and report.value_date > today:
        return "VALUE_DATE_IN_FUTURE"
    if report.value_date is not None and report.value_date < books.first_charted:
        return "VALUE_DATE_BEFORE_CHART"
    match report.outcome:
        case Outcome.PAID:
            return _payment_fault(line, report)
        case Outcome.RETURNED:
            return _return_fault(line, report)
        case Outcome.REFUSED:
            if line.paid or line.returned:
                return "CONTRADICTS_PAYMENT"
            differs = line.refused and line.refused.serial != report.bank_serial
            return "REFUSAL_DIFFERS" if differs else None
        case Outcome.UNKNOWN:
            return None


def _payment_fault(line: PaymentLine, report: BankReport) -> str | None:
    day = report.value_date
    if day is None:
        return "VALUE_DATE_MISSING"
    if line.refused:
        return "CONTRADICTS_REFUSAL"
    if line.paid and line.paid != BankEvent(report.bank_serial, day):
        return "PAYMENT_DIFFERS"
    if line.returned and line.returned.on and line.returned.on < day:
        return "RETURN_BEFORE_PAYMENT"
    return None


def _return_fault(line: PaymentLine, report: BankReport) -> str | None:
    day = report.value_date
    if day is None:
        return "VALUE_DATE_MISSING"
    if line.refused:
        return "CONTRADICTS_REFUSAL"
    if line.returned and line.returned != BankEvent(report.bank_serial, day):
        return "RETURN_DIFFERS"
    if line.paid and line.paid.on and day < line.paid.on:
        return "RETURN_BEFORE_PAYMENT"
    return None


def apply(line: PaymentLine, report: BankReport, books: OpenDays) -> PaymentLine:
    """Compute the line after an acceptable report; the same line when nothing is new.

    A payment, refusal or return ends `unknown`; an `unknown` that arrives later changes nothing.
    """
    day = report.value_date
    event = BankEvent(report.bank_serial, day, books.booked_on(day) if day else None)
    match report.outcome:
        case Outcome.PAID if not line.paid:
            paid = line._replace(reported_unknown=False, paid=event)
            return _with_return(paid, line.returned, books) if line.returned else paid
        case Outcome.RETURNED if not line.returned:
            return _with_return(_with_reason(line, report), event, books)
        case Outcome.REFUSED if not line.refused:
            return _with_reason(line, report)._replace(refused=event)
        case Outcome.UNKNOWN if line.status is LineStatus.PENDING:
            return line._replace(reported_unknown=True)
        case _:
            return line


def _with_reason(line: PaymentLine, report: BankReport) -> PaymentLine:
    return line._replace(
        reported_unknown=False, reason_code=report.reason_code, reason=report.reason
    )


def _with_return(line: PaymentLine, returned: BankEvent, books: OpenDays) -> PaymentLine:
    # A return is booked once the payment is known too, and not before it.
    if returned.on is None:
        return line._replace(returned=returned)
    booked_on = books.booked_on(returned.on)
    if line.paid and line.paid.booked_on:
        booked_on = max(booked_on, line.paid.booked_on)
    return line._replace(returned=replace(returned, booked_on=booked_on))
