"""Shapes that several of payout's doors share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.cursor import BadCursor, read_cursor
from shared.schema import In, Out, ShortText

EARLIEST = date(1990, 1, 1)


def _not_too_early(value: date) -> date:
    if not EARLIEST <= value <= date(2100, 12, 31):
        raise PydanticCustomError("date_out_of_range", "日期超出范围 (between 1990 and 2100)")
    return value


Day = Annotated[date, AfterValidator(_not_too_early)]
"""A business day, 1990 to 2100."""
Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
Cursor = Annotated[str, Field(max_length=400)]
# Taken as it stands in a path: what is not a reference of ours is simply not found.
RefText = Annotated[str, StringConstraints(max_length=80)]


class BankAccountIn(In):
    """Where money goes."""

    bank: ShortText = Field(examples=["工商银行天津分行"])
    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,40}$")] = Field(
        examples=["6222020302064578901"]
    )
    name: ShortText = Field(examples=["张建国"], description="户名 (account holder)")


class BankAccountOut(Out):
    """Where money goes; the number masked except for the bank gateway."""

    bank: str
    number: str = Field(examples=["6222**********8901"])
    name: str


def bank_account(bank: str, number: str, holder: str, *, full: bool = False) -> BankAccountOut:
    """An account as it may be shown."""
    return BankAccountOut(bank=bank, number=number if full else masked_account(number), name=holder)


def masked_account(number: str) -> str:
    """An account number as lists show it."""
    if len(number) < 12:
        return "*" * (len(number) - 2) + number[-2:]
    return f"{number[:4]}**********{number[-4:]}"


def masked_name(name: str) -> str:
    """张建国 → 张**."""
    return name[:1] + "*" * max(1, len(name) - 1)


def id_after(cursor: str | None, filters: dict[str, Any]) -> UUID | None:
    """The id to continue after.

    Raises:
        BadCursor: not one of this query's cursors.
    """
    if cursor is None:
        return None
    (text,) = read_cursor(cursor, filters, (str,))
    try:
        return UUID(hex=text)
    except ValueError:
        raise BadCursor from None


def line_after(cursor: str | None, filters: dict[str, Any]) -> int:
    """The line number to continue after; 0 at the start.

    Raises:
        BadCursor: not one of this query's cursors.
    """
    if cursor is None:
        return 0
    (number,) = read_cursor(cursor, filters, (int,))
    if number >= 2**31:
        raise BadCursor
    return int(number)


class StepOut(Out):
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
    """Every step, oldest first."""

    items: list[StepOut]

    @classmethod
    def of(cls, steps: list[dict[str, Any]]) -> TrailOut:
        """From the stored steps."""
        return cls(
            items=[StepOut(**{name: step[name] for name in StepOut.model_fields}) for step in steps]
        )
