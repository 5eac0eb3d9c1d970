"""Money in whole fen, rates in whole parts per million, and the only place that rounds.

Amounts are `int` fen (1/100 yuan) and their names end in `_fen`; rates are `int` parts per million
and their names end in `_ppm`. Yuan exist only as decimal strings at the doors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Kind, Refusal

PPM = 1_000_000
# A bigint holds 92,000 trillion yuan. One amount is bounded by 100 billion yuan, more than any payment
# of a city, so that a year of nearly a million of the largest amounts still has a sum.
AMOUNT_MAX_FEN = 10**13

YUAN_PATTERN = r"^-?(0|[1-9][0-9]{0,12})\.[0-9]{2}$"
RATE_PATTERN = r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,6})?$"
_YUAN = re.compile(YUAN_PATTERN)
_RATE = re.compile(RATE_PATTERN)


class NotAnAmount(Refusal):
    """金额须为两位小数的字符串 (an amount is a decimal string in yuan with two decimals)"""

    kind = Kind.INVALID
    code = "AMOUNT_MALFORMED"


class NotARate(Refusal):
    """费率须为不超过六位小数的字符串 (a rate is a decimal fraction string, at most six decimals)"""

    kind = Kind.INVALID
    code = "RATE_MALFORMED"


class RoundingMode(StrEnum):
    """How the part below the rounding unit is decided. Sign-symmetric: −x rounds to −round(x)."""

    HALF_UP = "half_up"
    UP = "up"  # 见分进角 of some cities, with unit_fen = 10
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Rounding:
    """A rounding rule: to a multiple of `unit_fen` (1 fen, 10 jiao, 100 yuan) by `mode`."""

    unit_fen: int = 1
    mode: RoundingMode = RoundingMode.HALF_UP


HALF_UP_FEN = Rounding()


def parse_yuan(text: str) -> int:
    """Read "1234.56" as 123456 fen.

    Raises:
        NotAnAmount: anything else than a plain decimal string with two decimals.
    """
    if not isinstance(text, str) or not _YUAN.fullmatch(text) or text == "-0.00":
        raise NotAnAmount(value=str(text)[:40])
    return int(text.replace(".", ""))


def format_yuan(amount_fen: int) -> str:
    """Write 123456 fen as "1234.56"."""
    sign = "-" if amount_fen < 0 else ""
    whole, part = divmod(abs(amount_fen), 100)
    return f"{sign}{whole}.{part:02d}"


def parse_rate(text: str) -> int:
    """Read "0.1600" as 160,000 parts per million.

    Raises:
        NotARate: not a plain decimal fraction with at most six decimals.
    """
    if not isinstance(text, str) or not _RATE.fullmatch(text):
        raise NotARate(value=str(text)[:40])
    whole, _, part = text.partition(".")
    return int(whole) * PPM + int(part.ljust(6, "0") or "0")


def format_rate(rate_ppm: int) -> str:
    """Write 160,000 parts per million as "0.160000" without trailing zeros below four decimals."""
    whole, part = divmod(rate_ppm, PPM)
    decimals = f"{part:06d}"
    return f"{whole}.{decimals[:4]}{decimals[4:].rstrip('0')}"


def scale(
    amount_fen: int, numerator: int, denominator: int, rounding: Rounding = HALF_UP_FEN
) -> int:
    """Return `amount_fen * numerator / denominator`, exact, then rounded once by `rounding`.

    The denominator is positive; amount and numerator may be negative.
    """
    product = amount_fen * numerator
    divisor = denominator * rounding.unit_fen
    whole, rest = divmod(abs(product), divisor)
    match rounding.mode:
        case RoundingMode.HALF_UP:
            whole += 2 * rest >= divisor
        case RoundingMode.UP:
            whole += rest > 0
        case RoundingMode.DOWN:
            pass
    return (whole if product >= 0 else -whole) * rounding.unit_fen


def levy(base_fen: int, rate_ppm: int, rounding: Rounding = HALF_UP_FEN) -> int:
    """Contribution on a base at a rate, rounded once."""
    return scale(base_fen, rate_ppm, PPM, rounding)


def allot(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Split a total in proportion to weights so that the parts sum to it (largest remainder).

    Ties go to the earlier part. Weights are not negative and not all zero; a negative total is
    split like its mirror image.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative and must not all be zero")
    sign, size = (1, total_fen) if total_fen >= 0 else (-1, -total_fen)
    shares = [size * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(size * weights[i] % whole))
    for i in by_remainder[: size - sum(shares)]:
        shares[i] += 1
    assert sum(shares) == size
    return [sign * share for share in shares]
