"""Shapes that several of payout's doors share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.cursor import BadCursor, read_cursor
from shared.schema import In, Out, ShortText, plain_day

EARLIEST = date(1990, 1, 1)
LATEST = date(2100, 12, 31)


def _in_range(value: date) -> date:
    if not EARLIEST <= value <= LATEST:
        raise PydanticCustomError("date_out_of_range", "日期超出范围 (between 1990 and 2100)")
    return value


def _after_first_year(value: date) -> date:
    if value.year == EARLIEST.year:
        raise PydanticCustomError(
            "date_out_of_range", "上一年度早于 1990 年 (the year before is before 1990)"
        )
    return value


Day = Annotated[date, AfterValidator(_in_range), BeforeValidator(plain_day)]
"""A business day, 1990 to 2100."""
DayOfLaterYear = Annotated[Day, AfterValidator(_after_first_year)]
"""A day with a year before it of which collection is asked, 1991 to 2100."""
Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
RefText = Annotated[str, StringConstraints(max_length=80)]
"""A reference in a body. Text that is no reference of ours is answered as not found."""
IdentityNumber = Annotated[str, StringConstraints(min_length=1, max_length=18)]
"""公民身份号码; the domain checks its check digit and date."""


class BankAccountIn(In):
    """The account to pay into."""

    bank: ShortText = Field(examples=["工商银行天津分行"])
    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,40}$")] = Field(
        examples=["6222020302064578901"]
    )
    name: ShortText = Field(examples=["张建国"], description="户名 (account holder)")


class BankAccountOut(Out):
    """The account to pay into: number and holder masked, except for the bank and in payees."""

    bank: str
    number: str = Field(examples=["6222**********8901"])
    name: str = Field(examples=["张**"])

    @classmethod
    def of(cls, bank: str, number: str, holder: str, *, full: bool = False) -> BankAccountOut:
        """Build it; `full` shows the whole number and name."""
        return cls(
            bank=bank,
            number=number if full else masked_account(number),
            name=holder if full else masked_name(holder),
        )


def masked_account(number: str) -> str:
    """Mask an account number for lists."""
    if len(number) < 12:
        return "*" * (len(number) - 2) + number[-2:]
    return f"{number[:4]}**********{number[-4:]}"


def masked_name(name: str) -> str:
    """Mask a name for lists: 张建国 → 张**."""
    return name[:1] + "*" * max(1, len(name) - 1)


def line_after(cursor: str | None, filters: dict[str, Any]) -> int:
    """Read the line number to continue after; 0 at the beginning.

    Raises:
        BadCursor: not a cursor of this list.
    """
    if cursor is None:
        return 0
    (number,) = read_cursor(cursor, filters, (int,))
    if number >= 2**31:
        raise BadCursor
    return int(number)


class TrailStepOut(Out):
    """One step on a paper."""

    step: str = Field(examples=["signed_1"])
    signs: bool
    person: str
    role: str
    level: str
    district: str
    why: str | None
    detail: dict[str, Any]
    at: datetime


class TrailOut(Out):
    """Every step on a paper, oldest first."""

    items: list[TrailStepOut]

    @classmethod
    def of(cls, steps: list[dict[str, Any]]) -> TrailOut:
        """Build it from stored steps."""
        names = TrailStepOut.model_fields
        return cls(items=[TrailStepOut(**{name: step[name] for name in names}) for step in steps])
