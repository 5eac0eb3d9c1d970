"""JSON to dataclasses and back: money is Decimal, days are dates; a JSON number is never money.

Members that an answer has and a dataclass has not are left out: services may add members.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


@lru_cache(maxsize=256)
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def decode(kind: Any, value: Any) -> Any:
    """Build a value of a type from JSON.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        return _decode_optional(kind, value)
    if origin is list:
        return [decode(get_args(kind)[0], one) for one in value]
    if origin is dict:
        return {key: decode(get_args(kind)[1], one) for key, one in value.items()}
    if is_dataclass(kind):
        return _decode_dataclass(kind, value)
    if kind is Decimal:
        if not isinstance(value, str):
            raise TypeError("an amount is a string")
        return Decimal(value)
    if kind in (date, datetime):
        return kind.fromisoformat(value)
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}")
    return value


def _decode_dataclass(kind: Any, value: Any) -> Any:
    hints = _hints(kind)
    given = {one.name: value[one.name] for one in fields(kind) if one.name in value}
    return kind(**{name: decode(hints[name], one) for name, one in given.items()})


def _decode_optional(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    (inner,) = [one for one in get_args(kind) if one is not NoneType]
    return decode(inner, value)


def encode(value: Any) -> Any:
    """Write a value as JSON; members that are None are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        members = {one.name: getattr(value, one.name) for one in fields(value)}
        return {name: encode(one) for name, one in members.items() if one is not None}
    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: encode(one) for key, one in value.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [encode(one) for one in value]
    return value


def money(amount: Decimal) -> str:
    """Write an amount in yuan with two decimals.

    Raises:
        ValueError: it has fractions of a fen, or is no number.
    """
    if not amount.is_finite() or amount != round(amount, 2):
        raise ValueError(f"not an amount of whole fen: {amount}")
    return f"{amount:.2f}"
