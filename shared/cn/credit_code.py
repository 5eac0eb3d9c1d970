"""统一社会信用代码: eighteen characters with a check character (GB 32100-2015)."""

from __future__ import annotations

from stdnum.cn import uscc


def is_valid(code: str) -> bool:
    """Return whether the code's shape and check character are right."""
    return bool(uscc.is_valid(code)) and uscc.compact(code) == code


def fault_in(code: str) -> str | None:
    """Return the fault in a code, or None."""
    return None if is_valid(code) else "CREDIT_CODE_MALFORMED"


def with_check_character(first_seventeen: str) -> str:
    """Complete seventeen characters to a valid code."""
    return first_seventeen + str(uscc.calc_check_digit(first_seventeen))
