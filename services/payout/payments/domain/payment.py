"""Payment lines and the bank's word about them.

A line remembers what the bank has said (paid, refused, returned), and its status follows from
that; so the same reports in any order, any number of times, end the same. A report that contradicts
what is known is rejected and changes nothing. `unknown` leaves only by a later report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final

MESSAGES: Final = {
    "LINE_UNKNOWN": "批次中没有这一笔 (the batch has no such line)",
    "AMOUNT_DIFFERS": "金额与支付明细不符 (the amount is not that of the line)",
    "VALUE_DATE_MISSING": "须有入账日期 (paid and returned need a value date)",
    "VALUE_DATE_IN_FUTURE": "入账日期晚于今天 (the value date is later than today)",
    "CONTRADICTS_PAYMENT": "该笔已报支付成功 (the line was reported paid)",
    "CONTRADICTS_REFUSAL": "该笔已报支付失败 (the line was reported refused)",
    "PAYMENT_DIFFERS": "与先前的支付回报不一致 (differs from the earlier report of payment)",
    "RETURN_DIFFERS": "与先前的退票回报不一致 (differs from the earlier report of the return)",
    "REFUSAL_DIFFERS": "与先前的失败回报不一致 (differs from the earlier report of refusal)",
    "RETURN_BEFORE_PAYMENT": "退票日期早于支付日期 (returned before it was paid)",
}


class Outcome(StrEnum):
    """What the bank says of a line."""

    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"  # 退票: paid, then come back
    UNKNOWN = "unknown"


class LineStatus(StrEnum):
    """Where a line stands."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    RETURN_EARLY = "return_early"  # the return was reported before the payment was
    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"

    @property
    def is_final(self) -> bool:
        """Whether the batch waits for it no longer. A paid line may still come back."""
        return self in {LineStatus.PAID, LineStatus.REFUSED, LineStatus.RETURNED}


@dataclass(frozen=True, slots=True)
class Word:
    """One thing the bank has said: its serial, and the day the money moved (None for refusals)."""

    serial: str
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One item of a result file."""

    line_no: int
    outcome: Outcome
    bank_serial: str
    amount_fen: int
    value_date: date | None = None
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A payment line as the results see it; `part_no` says which claim of the batch it is of."""

    line_no: int
    part_no: int
    amount_fen: int
    heard_unknown: bool = False
    paid: Word | None = None
    refused: Word | None = None
    returned: Word | None = None
    reason_code: str | None = None
    reason: str | None = None

    @property
    def status(self) -> LineStatus:
        """What follows from everything heard."""
        if self.paid:
            return LineStatus.RETURNED if self.returned else LineStatus.PAID
        if self.refused:
            return LineStatus.REFUSED
        if self.returned:
            return LineStatus.RETURN_EARLY
        return LineStatus.UNKNOWN if self.heard_unknown else LineStatus.PENDING


@dataclass(frozen=True, slots=True)
class Rejection:
    """A report that is not believed, and why."""

    report: Report
    code: str

    @property
    def message(self) -> str:
        """The sentence behind the code."""
        return MESSAGES[self.code]


@dataclass(slots=True)
class Hearing:
    """What a result file came to: lines as they were and as they are, per report what became of it."""

    before: dict[int, Line] = field(default_factory=dict)
    after: dict[int, Line] = field(default_factory=dict)
    applied: list[Report] = field(default_factory=list)
    replayed: list[Report] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """How many reports of an outcome changed a line."""
        return sum(report.outcome is outcome for report in self.applied)


def hear_all(lines: Mapping[int, Line], reports: Iterable[Report], today: date) -> Hearing:
    """Take a result file's reports one after another; `lines` are the lines they name."""
    hearing = Hearing()
    for report in reports:
        line = hearing.after.get(report.line_no) or lines.get(report.line_no)
        code = "LINE_UNKNOWN" if line is None else fault_in(line, report, today)
        if code is not None or line is None:
            hearing.rejected.append(Rejection(report, code or "LINE_UNKNOWN"))
            continue
        heard = hear(line, report)
        if heard == line:
            hearing.replayed.append(report)
            continue
        hearing.applied.append(report)
        hearing.before.setdefault(line.line_no, line)
        hearing.after[line.line_no] = heard
    return hearing


def fault_in(line: Line, report: Report, today: date) -> str | None:
    """Why a report about a line is not believed, as a code, or None."""
    if report.amount_fen != line.amount_fen:
        return "AMOUNT_DIFFERS"
    if report.value_date is not None and report.value_date > today:
        return "VALUE_DATE_IN_FUTURE"
    word = Word(report.bank_serial, report.value_date)
    match report.outcome:
        case Outcome.PAID:
            return _fault_in_payment(line, word)
        case Outcome.RETURNED:
            return _fault_in_return(line, word)
        case Outcome.REFUSED:
            if line.paid or line.returned:
                return "CONTRADICTS_PAYMENT"
            differs = line.refused and line.refused.serial != word.serial
            return "REFUSAL_DIFFERS" if differs else None
        case Outcome.UNKNOWN:
            return None


def _fault_in_payment(line: Line, word: Word) -> str | None:
    if word.on is None:
        return "VALUE_DATE_MISSING"
    if line.refused:
        return "CONTRADICTS_REFUSAL"
    if line.paid and line.paid != word:
        return "PAYMENT_DIFFERS"
    if line.returned and line.returned.on and line.returned.on < word.on:
        return "RETURN_BEFORE_PAYMENT"
    return None


def _fault_in_return(line: Line, word: Word) -> str | None:
    if word.on is None:
        return "VALUE_DATE_MISSING"
    if line.refused:
        return "CONTRADICTS_REFUSAL"
    if line.returned and line.returned != word:
        return "RETURN_DIFFERS"
    if line.paid and line.paid.on and word.on < line.paid.on:
        return "RETURN_BEFORE_PAYMENT"
    return None


def hear(line: Line, report: Report) -> Line:
    """The line after a believable report; the same line when it says nothing new.

    A real word puts an end to `unknown`, and an `unknown` that comes after one says nothing.
    """
    word = Word(report.bank_serial, report.value_date)
    known = replace(line, heard_unknown=False)
    told = replace(known, reason_code=report.reason_code, reason=report.reason)
    match report.outcome:
        case Outcome.PAID if not line.paid:
            return replace(known, paid=word)
        case Outcome.RETURNED if not line.returned:
            return replace(told, returned=word)
        case Outcome.REFUSED if not line.refused:
            return replace(told, refused=word)
        case Outcome.UNKNOWN if line.status is LineStatus.PENDING:
            return replace(line, heard_unknown=True)
        case _:
            return line
