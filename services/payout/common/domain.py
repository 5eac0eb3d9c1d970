"""What is wrong with a claim or a list of entitlements as handed in: every fault, named at once."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.cn.identity_number import birth_date, fault_in
from shared.errors import Fault, Faulty, Kind, Refusal
from shared.money import format_yuan
from shared.period import Period

FAULTS_NAMED: Final = 1000
MONTHLY_MAX_FEN: Final = 100_000_000
"""One person's monthly benefit above a million yuan is a slip of the pen, not a pension."""


class PeriodInFuture(Refusal):
    """所属期尚未开始 (the period has not begun yet)"""

    kind = Kind.INVALID
    code = "PERIOD_IN_FUTURE"


class DateInFuture(Refusal):
    """日期晚于今天 (the date is later than today)"""

    kind = Kind.INVALID
    code = "DATE_IN_FUTURE"


class NothingToPay(Refusal):
    """该区该所属期没有应发人员 (nobody in this district is entitled in this period)"""

    kind = Kind.INVALID
    code = "NOTHING_TO_PAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """One payee as handed in."""

    payee_name: str
    bank: str
    bank_number: str
    bank_holder: str
    amount_fen: int
    reference: str
    identity_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPerson:
    """One person's entitlement as handed in: `monthly_fen` from the month `since` on."""

    identity_number: str
    name: str
    monthly_fen: int
    bank: str
    bank_number: str
    bank_holder: str
    since: Period


def require_begun(period: Period, today: date) -> None:
    """Refuse a month that has not begun.

    Raises:
        PeriodInFuture: it lies after today's month.
    """
    if period > Period.of(today):
        raise PeriodInFuture(period=str(period))


def require_not_future(day: date, today: date) -> None:
    """Refuse a day after today.

    Raises:
        DateInFuture: it is.
    """
    if day > today:
        raise DateInFuture(date=day)


def require_faultless(faults: Sequence[Fault]) -> None:
    """Refuse when there are faults, naming them.

    Raises:
        Faulty: there are.
    """
    if faults:
        raise Faulty(faults=faults[:FAULTS_NAMED], count=len(faults))


def faults_in_claim(
    lines: Sequence[AskedLine], *, control_lines: int, control_total_fen: int, today: date
) -> list[Fault]:
    """Faults of a claim's lines and of its control totals."""
    return [
        *_numbers(
            (
                (f"/lines/{at}/identity_number", line.identity_number)
                for at, line in enumerate(lines)
            ),
            today,
        ),
        *_repeated_references(lines),
        *_control(lines, control_lines, control_total_fen),
    ]


def faults_in_people(people: Sequence[AskedPerson], today: date) -> list[Fault]:
    """Faults of a list of entitlements."""
    faults = _numbers(
        ((f"/people/{at}/identity_number", one.identity_number) for at, one in enumerate(people)),
        today,
    )
    seen: dict[str, int] = {}
    for at, one in enumerate(people):
        if (first := seen.setdefault(one.identity_number, at)) != at:
            faults.append(
                Fault(
                    f"/people/{at}/identity_number",
                    "PERSON_REPEATED",
                    f"与第 {first} 项为同一人 (the same person as item {first})",
                )
            )
        if one.monthly_fen > MONTHLY_MAX_FEN:
            faults.append(
                Fault(
                    f"/people/{at}/monthly_amount",
                    "AMOUNT_IMPLAUSIBLE",
                    f"月待遇不得超过 {format_yuan(MONTHLY_MAX_FEN)} (above the monthly limit)",
                )
            )
    return faults


def paper_hash(
    secret: bytes, summary: str, credit_code: str | None, lines: Sequence[AskedLine]
) -> bytes:
    """What a claim says, as 32 bytes: the same paper handed in twice is the same claim.

    Keyed, because everything but the identity numbers stands readable beside it: a plain hash
    would let a reader of the table try numbers until one fits.
    """
    digest = hmac.new(secret, repr((summary, credit_code)).encode(), hashlib.sha256)
    for line in lines:
        digest.update(
            repr(
                (
                    line.payee_name,
                    line.bank,
                    line.bank_number,
                    line.bank_holder,
                    line.amount_fen,
                    line.reference,
                    line.identity_number,
                )
            ).encode()
        )
    return digest.digest()


def _numbers(given: Iterable[tuple[str, str | None]], today: date) -> list[Fault]:
    faults = []
    for pointer, number in given:
        if number is None:
            continue
        code = fault_in(number)
        born = birth_date(number)
        if code is None and born is not None and born > today:
            code = "IDENTITY_NUMBER_DATE"
        if code is not None:
            faults.append(Fault(pointer, code, "公民身份号码有误 (not a valid identity number)"))
    return faults


def _repeated_references(lines: Sequence[AskedLine]) -> list[Fault]:
    count = Counter(line.reference for line in lines)
    return [
        Fault(
            f"/lines/{at}/reference",
            "REFERENCE_REPEATED",
            "同一申请内业务单号重复 (the reference occurs more than once in this claim)",
        )
        for at, line in enumerate(lines)
        if count[line.reference] > 1
    ]


def _control(lines: Sequence[AskedLine], count: int, total_fen: int) -> list[Fault]:
    faults = []
    if count != len(lines):
        faults.append(
            Fault(
                "/control/lines",
                "CONTROL_LINES_DIFFER",
                f"控制笔数 {count},实有 {len(lines)} (the lines do not tie)",
            )
        )
    found_fen = sum(line.amount_fen for line in lines)
    if total_fen != found_fen:
        faults.append(
            Fault(
                "/control/total",
                "CONTROL_TOTAL_DIFFERS",
                f"控制金额 {format_yuan(total_fen)},实为 {format_yuan(found_fen)} (the total does not tie)",
            )
        )
    return faults
