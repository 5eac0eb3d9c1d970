"""Shapes at the doors: the base model and the types that every schema shares.

Money is a decimal string in yuan on the wire and int fen inside; a JSON number is refused.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from shared.errors import Refusal
from shared.fund import CODE_PATTERN
from shared.money import (
    AMOUNT_MAX_FEN,
    RATE_PATTERN,
    YUAN_PATTERN,
    format_rate,
    format_yuan,
    parse_rate,
    parse_yuan,
)
from shared.period import DAY_MAX, DAY_MIN, PERIOD_PATTERN, Period


class In(BaseModel):
    """A request's shape. Unknown members are faults: a misspelt amount must not pass silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """A response's shape."""

    model_config = ConfigDict(frozen=True)


def _fen(value: Any) -> int:
    if not isinstance(value, str):
        raise PydanticCustomError(
            "amount_malformed", '金额须为字符串,如 "1234.56" (a string in yuan)'
        )
    try:
        amount_fen = parse_yuan(value)
    except Refusal as refusal:
        raise PydanticCustomError("amount_malformed", refusal.message) from None
    if abs(amount_fen) > AMOUNT_MAX_FEN:
        raise PydanticCustomError("amount_too_large", "金额过大 (amount too large)")
    return amount_fen


def _positive(value: int) -> int:
    if value <= 0:
        raise PydanticCustomError("amount_not_positive", "金额须大于零 (amount must be positive)")
    return value


def _not_negative(value: int) -> int:
    if value < 0:
        raise PydanticCustomError("amount_negative", "金额不得为负 (amount must not be negative)")
    return value


def _ppm(value: Any) -> int:
    try:
        return parse_rate(value)
    except Refusal as refusal:
        raise PydanticCustomError("rate_malformed", refusal.message) from None


def _period(value: Any) -> Any:
    if isinstance(value, Period):
        return value
    try:
        return Period.parse(value)
    except Refusal as refusal:
        raise PydanticCustomError("period_malformed", refusal.message) from None


_YUAN_SCHEMA = {
    "type": "string",
    "pattern": YUAN_PATTERN,
    "examples": ["1234.56"],
    "description": "人民币元,两位小数 (yuan, two decimals)",
}


# A value built in code is already fen; only what comes as JSON is parsed. Input models are always
# validated from JSON, output models always constructed, so the two never meet.
Yuan = Annotated[int, BeforeValidator(_fen), WithJsonSchema(_YUAN_SCHEMA)]
"""An amount of either sign coming in."""
PositiveYuan = Annotated[
    int,
    BeforeValidator(lambda value: _positive(_fen(value))),
    WithJsonSchema(_YUAN_SCHEMA | {"pattern": r"^(0|[1-9][0-9]{0,12})\.[0-9]{2}$"}),
]
"""An amount above zero coming in."""
NonNegativeYuan = Annotated[
    int,
    BeforeValidator(lambda value: _not_negative(_fen(value))),
    WithJsonSchema(_YUAN_SCHEMA | {"pattern": r"^(0|[1-9][0-9]{0,12})\.[0-9]{2}$"}),
]
"""An amount of zero or more coming in."""
YuanOut = Annotated[
    int,
    PlainSerializer(format_yuan, return_type=str),
    WithJsonSchema(_YUAN_SCHEMA, mode="serialization"),
]
"""An amount going out: int fen in the model, "1234.56" in JSON."""

_RATE_SCHEMA = {
    "type": "string",
    "pattern": RATE_PATTERN,
    "examples": ["0.1600"],
    "description": "小数费率 (decimal fraction)",
}
Rate = Annotated[int, BeforeValidator(_ppm), WithJsonSchema(_RATE_SCHEMA)]
RateOut = Annotated[
    int,
    PlainSerializer(format_rate, return_type=str),
    WithJsonSchema(_RATE_SCHEMA, mode="serialization"),
]

_PERIOD_SCHEMA = {
    "type": "string",
    "pattern": PERIOD_PATTERN,
    "examples": ["2021-07"],
    "description": "费款所属期 YYYY-MM",
}
PeriodField = Annotated[
    Period,
    PlainValidator(_period),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(_PERIOD_SCHEMA),
]

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def plain_day(value: Any) -> Any:
    """Let only YYYY-MM-DD pass: pydantic would also take a timestamp or seconds since 1970."""
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise PydanticCustomError(
                "date_from_datetime_parsing", "日期须为 YYYY-MM-DD (a day is written YYYY-MM-DD)"
            )
    elif not isinstance(value, date) or isinstance(value, datetime):
        raise PydanticCustomError(
            "date_type", "日期须为 YYYY-MM-DD 的字符串 (a day is a string YYYY-MM-DD)"
        )
    return value


Day = Annotated[
    date,
    Field(ge=DAY_MIN, le=DAY_MAX),
    BeforeValidator(plain_day),
    Field(examples=["2021-07-12"]),
]
"""A day that books may know."""
LifeDay = Annotated[
    date,
    Field(ge=date(1951, 3, 1), le=DAY_MAX),
    BeforeValidator(plain_day),
    Field(examples=["1986-10-01"]),
]
"""A day of a person's working life: labour insurance began on 1951-03-01."""

Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
"""A short code: insurance, fund, district."""
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Serial = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,64}$")]
"""A sender's own serial number."""
CreditCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NP-RTUWXY]{18}$")]
"""Shape of a unified social credit code; the check digit is the domain's business."""


class FaultOut(Out):
    """One fault in one place."""

    pointer: str = Field(examples=["/lines/3/wage"])
    code: str
    message: str


class Problem(Out):
    """RFC 9457 problem document, with a stable code and every fault named."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FaultOut] = []
    trace_id: str
