"""Rules of direct debits (托收扣缴): how the bank's results change the lines of a batch. Pure.

The bank answers late, twice and out of order. A final result stands: one that contradicts it is
rejected and recorded for a person. `unknown` is not final: the money may have moved, so the line
stays live, and its bill cannot be debited again, until the bank reports more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.collection.allocation.domain.receipt import IncomingPayment, Rejection
from shared.errors import Kind, Refusal


class DebitStatus(StrEnum):
    """Status of a debit line."""

    WAITING = "waiting"
    UNKNOWN = "unknown"
    SETTLED = "settled"
    REFUSED = "refused"

    @property
    def is_final(self) -> bool:
        """Tell whether the bank has given its final result."""
        return self in {DebitStatus.SETTLED, DebitStatus.REFUSED}


class DebitOutcome(StrEnum):
    """Outcome that the bank reports for a line."""

    SETTLED = "settled"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class DebitReasonClass(StrEnum):
    """Class of reasons for a refusal, each with its own remedy. Data maps raw codes to classes."""

    INSUFFICIENT_FUNDS = "insufficient_funds"  # 余额不足: the payer tops up, then retry
    ACCOUNT_NAME_MISMATCH = "account_name_mismatch"  # 账号户名不符: mend the agreement
    CODE_WRONG = "code_wrong"  # 科目代码有误: mend the instruction
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitLine:
    """A line of a debit batch with its last known result."""

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

    @property
    def incoming(self) -> IncomingPayment:
        """The payment of a settled line."""
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
    """Changes that a result file makes to the lines of a batch, repeats and rejections included."""

    before: dict[int, DebitLine]
    changed: dict[int, DebitLine] = field(default_factory=dict)
    replayed: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def line(self, line_no: int) -> DebitLine | None:
        """Return a line as the file has left it so far."""
        return self.changed.get(line_no) or self.before.get(line_no)

    def changed_to(self, status: DebitStatus) -> list[DebitLine]:
        """Return the lines that the file moved to a status, by number."""
        return [line for _, line in sorted(self.changed.items()) if line.status is status]

    def reject(self, line_no: int, code: str, message: str) -> None:
        """Reject a result of a line."""
        self.rejected.append(Rejection(str(line_no), code, message))

    def restore(self, line: DebitLine, code: str, message: str) -> None:
        """Undo the change of a line whose result turned out to be impossible."""
        del self.changed[line.line_no]
        self.reject(line.line_no, code, message)


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
        _apply_one(changes, line, result, reasons, serials)
    return changes


def _apply_one(
    changes: DebitChanges,
    line: DebitLine,
    result: DebitResult,
    reasons: Mapping[str, DebitReasonClass],
    serials: dict[str, int],
) -> None:
    reason_class = reasons.get(result.reason_code or "")
    outcome = result.outcome
    if outcome is DebitOutcome.REFUSED and reason_class is DebitReasonClass.STATUS_UNKNOWN:
        # "Refused: time-out" does not mean that no money moved. Query first.
        outcome = DebitOutcome.UNKNOWN
    fault = _fault(line, result, outcome, serials)
    if fault:
        changes.reject(line.line_no, *fault)
        return
    if line.status.is_final or (line.status, outcome) == (
        DebitStatus.UNKNOWN,
        DebitOutcome.UNKNOWN,
    ):
        changes.replayed += 1
        return
    if outcome is DebitOutcome.SETTLED:
        serials[result.serial] = line.line_no
    after = replace(
        line,
        status=DebitStatus(outcome.value),
        serial=result.serial,
        value_date=result.value_date,
        reason_code=result.reason_code,
        reason=result.reason,
        reason_class=reason_class,
    )
    changes.changed[line.line_no] = after


def _fault(
    line: DebitLine, result: DebitResult, outcome: DebitOutcome, serials: Mapping[str, int]
) -> tuple[str, str] | None:
    """Return why a result cannot be true given what is known; None when it can."""
    if outcome is DebitOutcome.UNKNOWN:
        return None  # an old answer that came late contradicts nothing
    if line.status.is_final and line.status.value != outcome.value:
        return (
            "OUTCOME_CONTRADICTED",
            f"该行已终结为 {line.status.value} (the line's final outcome was another)",
        )
    if outcome is DebitOutcome.REFUSED:
        return None
    if result.amount_fen != line.amount_fen:
        return "AMOUNT_DIFFERS", "扣款金额与明细不符 (not the amount of the line)"
    if line.status is DebitStatus.SETTLED:
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
