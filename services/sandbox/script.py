"""The script (剧本) that the simulated bank and tax bureau play: a seed and rates.

Every decision is a draw from (seed, purpose, reference, attempt, question) and from nothing else:
neither the clock nor the order of arrival nor anybody's random ids. So two runs of one city end
with the same balances to the fen.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.sandbox.journal import Journal
from shared.money import PPM
from shared.schema import In, Out, Rate, RateOut


def _at_most_one(rate_ppm: int) -> int:
    if rate_ppm > PPM:
        raise PydanticCustomError("rate_above_one", "概率不得大于 1 (a probability is at most 1)")
    return rate_ppm


Share = Annotated[Rate, AfterValidator(_at_most_one)]


class DebitRates(In):
    """How direct debits fare."""

    refused: Share = Field(default=80_000, description="拒付 (refused, with a reason)")
    unknown: Share = Field(
        default=20_000, description="状态不明,查询后才有结果 (unknown until queried)"
    )
    late: Share = Field(default=60_000, description="次日回执 (answered a round later)")
    twice: Share = Field(default=50_000, description="重复回执 (answered twice)")
    returned: Share = Field(default=0, description="扣款成功后退回 (settled, then returned)")


class PaymentRates(In):
    """How payouts fare."""

    refused: Share = 15_000
    returned: Share = Field(default=15_000, description="付出后退汇 (paid, then returned)")
    unknown: Share = 15_000
    late: Share = 40_000
    twice: Share = 40_000


class TaxRates(In):
    """How taxpayers and their bureau behave."""

    unpaid: Share = Field(default=40_000, description="未缴 (does not pay)")
    partial: Share = Field(default=30_000, description="部分缴纳 (pays six tenths)")
    repeated: Share = Field(default=80_000, description="重复推送 (pushed again in a later batch)")
    unbilled: Share = Field(
        default=0, description="预缴下月,无通知单 (pays a month without a bill)"
    )
    unlisted: Share = Field(
        default=0, description="国库已入,未推送,查询后补推 (pushed only after an inquiry)"
    )
    undelivered: Share = Field(
        default=0, description="已推送,国库始终未入 (pushed, never in the treasury)"
    )


class StatementRates(In):
    """Mistakes of the bank in its statements, which it corrects after an inquiry."""

    missing: Share = Field(default=0, description="漏记 (left out)")
    late: Share = Field(default=0, description="迟记三日 (booked three days late)")
    twice: Share = Field(default=0, description="重记 (booked twice)")
    extra: Share = Field(default=0, description="误记他人款项 (an entry of another's money)")


class DeliveryRates(In):
    """How the messages of the bank and the bureau travel."""

    lost_replies: Share = Field(
        default=0, description="应答丢失,原样再发 (the answer is lost, sent again)"
    )
    reordered: Share = Field(default=0, description="晚于后发的送达 (overtaken by later ones)")


FileFormat = Literal["json", "iso20022", "gbk_xml:icbc", "csv"]


class Script(In):
    """The script that the sandbox plays from now on."""

    seed: int = Field(default=20210701, ge=0, lt=2**63)
    debit: DebitRates = DebitRates()
    payment: PaymentRates = PaymentRates()
    tax: TaxRates = TaxRates()
    statement: StatementRates = StatementRates()
    delivery: DeliveryRates = DeliveryRates()
    payment_formats: Annotated[tuple[FileFormat, ...], Field(min_length=1, max_length=8)] = (
        "json",
    )
    misregistered: int = Field(
        default=1,
        ge=0,
        le=10,
        description="每次推送中登记错纳税人的笔数 (lines pushed under a payer nobody knows)",
    )
    lines_per_file: int = Field(default=100, ge=1, le=10_000)


def script_of(journal: Journal) -> Script:
    """Return the script in force."""
    kept = journal.note("script")
    return Script.model_validate_json(kept) if kept else Script()


class _Rates(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class OrderRatesOut(_Rates):
    """As `DebitRates` and `PaymentRates`."""

    refused: RateOut
    unknown: RateOut
    late: RateOut
    twice: RateOut
    returned: RateOut


class TaxRatesOut(_Rates):
    """As `TaxRates`."""

    unpaid: RateOut
    partial: RateOut
    repeated: RateOut
    unbilled: RateOut
    unlisted: RateOut
    undelivered: RateOut


class StatementRatesOut(_Rates):
    """As `StatementRates`."""

    missing: RateOut
    late: RateOut
    twice: RateOut
    extra: RateOut


class DeliveryRatesOut(_Rates):
    """As `DeliveryRates`."""

    lost_replies: RateOut
    reordered: RateOut


class ScriptOut(Out):
    """The script in force; the same document that PUT takes."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    seed: int
    debit: OrderRatesOut
    payment: OrderRatesOut
    tax: TaxRatesOut
    statement: StatementRatesOut
    delivery: DeliveryRatesOut
    payment_formats: tuple[FileFormat, ...]
    misregistered: int
    lines_per_file: int


class Timing(StrEnum):
    """When the bank tells."""

    NOW = "now"
    LATE = "late"
    UNKNOWN = "unknown"


class Plan(NamedTuple):
    """The planned outcome of one instruction. `returned_on` only for money that comes back."""

    done: bool
    timing: Timing
    twice: bool
    value_date: date
    reason_code: str | None = None
    reason: str | None = None
    returned_on: date | None = None


# 小额支付系统拒绝码: account, name, balance, other; listed as often as they are to be drawn.
REASONS: Final = (
    ("RJ03", "账户余额不足"),
    ("RJ03", "账户余额不足"),
    ("RJ03", "账户余额不足"),
    ("RJ01", "账号不存在或已销户"),
    ("RJ02", "户名不符"),
    ("RJ90", "其他原因拒绝"),
)
DEBIT_REASONS: Final = (*REASONS, ("CODE", "预算科目代码有误"))
UNKNOWN_REASON: Final = ("STATUS", "原业务状态不明")
"""A refusal that is none: nobody knows yet what became of the debit."""
RETURN_REASON: Final = ("RT01", "收款账户状态异常,退汇")
DEBIT_RETURN_REASON: Final = ("RT02", "付款人提出异议,扣款退回")


class Draw(NamedTuple):
    """One instruction's own stream of draws."""

    seed: int
    purpose: str
    reference: str
    attempt: int

    def number(self, question: str) -> int:
        """Return a stable number for a question about this instruction."""
        text = f"{self.seed}|{self.purpose}|{self.reference}|{self.attempt}|{question}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def happens(self, question: str, rate_ppm: int) -> bool:
        """Return whether an event of that probability happens to this instruction."""
        return self.number(question) % PPM < rate_ppm

    def serial(self) -> str:
        """Return the bank's or bureau's own serial number of it."""
        return f"{self.purpose[0].upper()}{self.number('serial'):016x}"


def plan_debit(script: Script, draw: Draw, *, day: date, today: date) -> Plan:
    """Decide how a direct debit of `day` ends; value dates never come after `today`."""
    return _plan(draw, script.debit, DEBIT_REASONS, day=day, today=today)


def plan_payment(script: Script, draw: Draw, *, day: date, today: date) -> Plan:
    """Decide how a payout of `day` ends."""
    return _plan(draw, script.payment, REASONS, day=day, today=today)


def _plan(
    draw: Draw,
    rates: DebitRates | PaymentRates,
    reasons: tuple[tuple[str, str], ...],
    *,
    day: date,
    today: date,
) -> Plan:
    """Decide an outcome; money that is returned is settled first and comes back days later."""
    timing = Timing.NOW
    if draw.happens("unknown", rates.unknown):
        timing = Timing.UNKNOWN
    elif draw.happens("late", rates.late):
        timing = Timing.LATE
    plan = Plan(
        done=True,
        timing=timing,
        twice=draw.happens("twice", rates.twice),
        value_date=min(day + timedelta(days=timing is Timing.LATE), today),
    )
    if draw.happens("refused", rates.refused):
        code, reason = reasons[draw.number("reason") % len(reasons)]
        return plan._replace(done=False, reason_code=code, reason=reason)
    if draw.happens("returned", rates.returned):
        return plan._replace(returned_on=min(day + timedelta(days=3), today))
    return plan


def tax_paid_fen(script: Script, draw: Draw, due_fen: int) -> int:
    """Return the part of an amount due that a taxpayer pays: all, six tenths, or nothing."""
    if draw.happens("unpaid", script.tax.unpaid):
        return 0
    if draw.happens("partial", script.tax.partial):
        return due_fen * 6 // 10
    return due_fen
