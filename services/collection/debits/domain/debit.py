"""Rules of direct debits (托收扣缴): how the bank's results change the lines of a batch. Pure.

The bank answers late, twice and out of order. `unknown` is not final: the money may have moved, so the
line stays live, and its bill cannot be debited again, until the bank reports more.

A final result may be followed by another one of a later value date. The days decide, not the order in
which the results become known:

- settled, then refused or returned under the same serial: the bank has the money again, all or a part;
- refused, then settled: the money came after all.

A result that contradicts another one of the same value date is rejected and recorded for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.collection.allocation.domain.receipt import IncomingPayment, Rejection
from shared.errors import Kind, Refusal
from shared.ids import Ref


class DebitStatus(StrEnum):
    """Status of a debit line."""

    WAITING = "waiting"
    UNKNOWN = "unknown"
    SETTLED = "settled"
    REFUSED = "refused"
    RETURNED = "returned"

    @property
    def is_final(self) -> bool:
        """Tell whether the bank has given its final result."""
        return self not in {DebitStatus.WAITING, DebitStatus.UNKNOWN}

    @property
    def is_paid(self) -> bool:
        """Tell whether the money came, even if it was returned later."""
        return self in {DebitStatus.SETTLED, DebitStatus.RETURNED}


class DebitOutcome(StrEnum):
    """Outcome that the bank reports for a line."""

    SETTLED = "settled"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    RETURNED = "returned"


class DebitReasonClass(StrEnum):
    """Class of reasons for a refusal, each with its own remedy. Data maps raw codes to classes."""

    INSUFFICIENT_FUNDS = "insufficient_funds"  # 余额不足: the payer tops up, then retry
    ACCOUNT_NAME_MISMATCH = "account_name_mismatch"  # 账号户名不符: correct the agreement
    CODE_WRONG = "code_wrong"  # 科目代码有误: correct the instruction
    ACCOUNT_STATE = "account_state"  # 账户状态或银行内部: the bank mends it
    STATUS_UNKNOWN = "status_unknown"  # 原业务状态不明: query first, never send again blind


class NothingToDebit(Refusal):
    """该所属期没有待扣的通知单 (no open bill of the period waits to be debited)"""

    kind = Kind.CONFLICT
    code = "NOTHING_TO_DEBIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitResult:
    """The bank's result of one line."""

    line_no: int
    outcome: DebitOutcome
    serial: str
    amount_fen: int
    value_date: date
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DebitReturn:
    """Money of a settled line that the bank has again since a day (fen)."""

    on: date
    amount_fen: int
    reason: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitLine:
    """A line of a debit batch with its last known result.

    `receipt` is the receipt of a settled line, and `returns` what was returned of it so far.
    """

    line_no: int
    unit_id: int
    bill_id: UUID
    credit_code: str
    period: str
    amount_fen: int
    status: DebitStatus
    serial: str | None = None
    value_date: date | None = None
    reason_code: str | None = None
    reason: str | None = None
    reason_class: DebitReasonClass | None = None
    receipt: Ref | None = None
    returns: tuple[DebitReturn, ...] = ()

    @property
    def returned_fen(self) -> int:
        """Return the amount that was returned."""
        return sum(one.amount_fen for one in self.returns)

    @property
    def incoming(self) -> IncomingPayment:
        """Return the payment of a settled line."""
        assert self.serial is not None
        assert self.value_date is not None
        return IncomingPayment(
            serial=self.serial,
            credit_code=self.credit_code,
            period=self.period,
            amount_fen=self.amount_fen,
            paid_on=self.value_date,
            bill_id=self.bill_id,
        )


def masked_account(bank: Mapping[str, Any]) -> dict[str, Any]:
    """Mask all but the last four digits of an account's number."""
    return {**bank, "number": f"****{str(bank.get('number', ''))[-4:]}"}


@dataclass(slots=True)
class DebitChanges:
    """Changes that a result file makes to the lines of a batch, repeats and rejections included.

    booked: lines whose money came by this file. returned: what is returned of lines by this file.
    """

    before: dict[int, DebitLine]
    changed: dict[int, DebitLine] = field(default_factory=dict)
    booked: dict[int, DebitLine] = field(default_factory=dict)
    returned: list[tuple[int, DebitReturn]] = field(default_factory=list)
    replayed: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def line(self, line_no: int) -> DebitLine | None:
        """Return a line as the file has left it so far."""
        return self.changed.get(line_no) or self.before.get(line_no)

    def changed_to(self, status: DebitStatus) -> list[DebitLine]:
        """Return the lines that the file moved to a status, by number."""
        return [
            line
            for line_no, line in sorted(self.changed.items())
            if line.status is status and self.before[line_no].status is not status
        ]

    def reject(self, line_no: int, code: str, message: str) -> None:
        """Reject a result of a line."""
        self.rejected.append(Rejection(str(line_no), code, message))

    def restore(self, line: DebitLine, code: str, message: str) -> None:
        """Undo the changes of a line whose result turned out to be impossible."""
        del self.changed[line.line_no]
        del self.booked[line.line_no]
        self.returned = [one for one in self.returned if one[0] != line.line_no]
        self.reject(line.line_no, code, message)

    def undo_return(self, line_no: int, returned: DebitReturn, code: str, message: str) -> None:
        """Reject a return of a line that turned out to be impossible."""
        line = self.changed[line_no]
        others = tuple(one for one in line.returns if one != returned)
        self.changed[line_no] = replace(line, returns=others, status=DebitStatus.SETTLED)
        self.returned.remove((line_no, returned))
        self.reject(line_no, code, message)


def apply_results(
    lines: Iterable[DebitLine],
    results: Iterable[DebitResult],
    reasons: Mapping[str, DebitReasonClass],
) -> DebitChanges:
    """Apply a result file to lines. A raw code that is not in `reasons` has no class."""
    changes = DebitChanges({line.line_no: line for line in lines})
    serials: dict[str, int] = {}
    for result in results:
        line = changes.line(result.line_no)
        if line is None:
            changes.reject(result.line_no, "LINE_UNKNOWN", "该批无此行 (no such line)")
            continue
        _apply_one(changes, line, result, reasons.get(result.reason_code or ""), serials)
    return changes


def _apply_one(
    changes: DebitChanges,
    line: DebitLine,
    result: DebitResult,
    reason_class: DebitReasonClass | None,
    serials: dict[str, int],
) -> None:
    outcome = result.outcome
    if outcome is DebitOutcome.REFUSED and reason_class is DebitReasonClass.STATUS_UNKNOWN:
        # "Refused: time-out" does not mean that no money moved. Query first.
        outcome = DebitOutcome.UNKNOWN
    if outcome is DebitOutcome.RETURNED and not line.status.is_paid:
        outcome = DebitOutcome.REFUSED  # a return that comes before the result it takes back
    fault = _fault(line, result, outcome, serials)
    if fault:
        changes.reject(line.line_no, *fault)
        return
    match outcome:
        case DebitOutcome.SETTLED if not line.status.is_paid:
            serials[result.serial] = line.line_no
            _settle(changes, line, result, reason_class)
        case DebitOutcome.REFUSED if not line.status.is_final:
            _report(changes, line, result, DebitStatus.REFUSED, reason_class)
        case DebitOutcome.UNKNOWN if line.status is DebitStatus.WAITING:
            _report(changes, line, result, DebitStatus.UNKNOWN, reason_class)
        case DebitOutcome.REFUSED | DebitOutcome.RETURNED if _takes_back(line, result):
            _return(changes, line, DebitReturn(result.value_date, result.amount_fen, result.reason))
        case _:
            changes.replayed += 1
            if outcome is DebitOutcome.REFUSED and _is_later_refusal(line, result):
                changes.changed[line.line_no] = replace(
                    line, serial=result.serial, value_date=result.value_date
                )


def _report(
    changes: DebitChanges,
    line: DebitLine,
    result: DebitResult,
    status: DebitStatus,
    reason_class: DebitReasonClass | None,
) -> None:
    changes.changed[line.line_no] = replace(
        line,
        status=status,
        serial=result.serial,
        value_date=result.value_date,
        reason_code=result.reason_code,
        reason=result.reason,
        reason_class=reason_class,
    )


def _settle(
    changes: DebitChanges,
    line: DebitLine,
    result: DebitResult,
    reason_class: DebitReasonClass | None,
) -> None:
    """Settle a line. A refusal of a later day that is known already takes the money back."""
    _report(changes, line, result, DebitStatus.SETTLED, reason_class)
    settled = changes.booked[line.line_no] = changes.changed[line.line_no]
    if (
        line.status is DebitStatus.REFUSED
        and line.value_date
        and line.value_date > result.value_date
    ):
        _return(changes, settled, DebitReturn(line.value_date, line.amount_fen, line.reason))


def _return(changes: DebitChanges, line: DebitLine, returned: DebitReturn) -> None:
    after = replace(line, returns=(*line.returns, returned))
    if after.returned_fen == after.amount_fen:
        after = replace(after, status=DebitStatus.RETURNED)
    changes.changed[line.line_no] = after
    changes.returned.append((line.line_no, returned))


def _takes_back(line: DebitLine, result: DebitResult) -> bool:
    """Tell whether a result takes back money of a paid line that nothing has taken back so far."""
    assert line.value_date is not None
    is_old = result.value_date < line.value_date
    return (
        line.status.is_paid
        and not is_old
        and DebitReturn(result.value_date, result.amount_fen) not in line.returns
    )


def _is_later_refusal(line: DebitLine, result: DebitResult) -> bool:
    return (
        line.status is DebitStatus.REFUSED
        and line.value_date is not None
        and result.value_date > line.value_date
    )


_CONTRADICTED: Final = "OUTCOME_CONTRADICTED"


def _fault(
    line: DebitLine, result: DebitResult, outcome: DebitOutcome, serials: Mapping[str, int]
) -> tuple[str, str] | None:
    """Return why a result cannot be true given what is known; None when it can."""
    if outcome is DebitOutcome.UNKNOWN:
        return None  # an old answer that came late contradicts nothing
    if outcome is not DebitOutcome.SETTLED:
        return _fault_of_return(line, result, outcome)
    if line.status is DebitStatus.REFUSED and not _came_after_all(line, result):
        return _contradicted(line)
    if result.amount_fen != line.amount_fen:
        return "AMOUNT_DIFFERS", "扣款金额与明细不符 (not the amount of the line)"
    if line.status.is_paid:
        if result.serial != line.serial:
            return (
                "SETTLED_UNDER_ANOTHER_SERIAL",
                "该行已由另一流水扣款,疑似重复扣款 (settled under another serial: debited twice?)",
            )
        if result.value_date != line.value_date:
            return "VALUE_DATE_DIFFERS", "入账日与先前所报不同 (another value date than before)"
        return None
    if serials.get(result.serial, line.line_no) != line.line_no:
        return "SERIAL_REUSED", "流水号已用于另一行 (this serial stands for another line)"
    return None


def _contradicted(line: DebitLine) -> tuple[str, str]:
    return (
        _CONTRADICTED,
        f"该行已终结为 {line.status.value} (the line's final outcome was another)",
    )


def _came_after_all(line: DebitLine, result: DebitResult) -> bool:
    """Tell whether money came after a refusal, or before one that takes it back (same serial)."""
    assert line.value_date is not None
    if result.value_date < line.value_date:
        return result.serial == line.serial
    return result.value_date > line.value_date


def _fault_of_return(
    line: DebitLine, result: DebitResult, outcome: DebitOutcome
) -> tuple[str, str] | None:
    """Return why a refusal or a return cannot be true given what is known; None when it can."""
    if not line.status.is_paid:
        if result.outcome is DebitOutcome.RETURNED and result.amount_fen != line.amount_fen:
            return (
                "RETURN_BEFORE_SETTLEMENT",
                "该行尚未报扣款成功,不能部分退回 (part of a line that is not settled cannot return)",
            )
        return None
    assert line.value_date is not None
    is_refusal = outcome is DebitOutcome.REFUSED
    if is_refusal and result.value_date < line.value_date:
        return None  # an old answer that came late
    if is_refusal and (result.serial != line.serial or result.value_date == line.value_date):
        return _contradicted(line)
    if result.serial != line.serial:
        return (
            "SETTLED_UNDER_ANOTHER_SERIAL",
            "该行由另一流水扣款,不能凭此流水退回 (settled under another serial)",
        )
    if result.value_date < line.value_date:
        return "RETURNED_BEFORE_SETTLED", "退回日早于入账日 (returned before it was settled)"
    return _fault_of_amount(line, result)


def _fault_of_amount(line: DebitLine, result: DebitResult) -> tuple[str, str] | None:
    same_day = [one.amount_fen for one in line.returns if one.on == result.value_date]
    if result.amount_fen in same_day:
        return None
    if same_day:
        return "AMOUNT_DIFFERS", "同日退回金额与先前所报不同 (another amount than before that day)"
    if not 0 < result.amount_fen <= line.amount_fen - line.returned_fen:
        return (
            "RETURN_EXCEEDS_LINE",
            "退回金额超过该行尚未退回的金额 (more than is left of the line)",
        )
    return None
