"""One reading of a JSON text: no member twice, no NUL, no number or text that JSON does not have.

The database keeps no NUL. Parsers keep the last of two members with one name and say nothing. Whoever reads the other one
believes in another request, so such a text is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from shared.errors import Fault

MEMBER_REPEATED = "MEMBER_REPEATED"
JSON_NOT_STANDARD = "JSON_NOT_STANDARD"
NUL_IN_REQUEST = "NUL_IN_REQUEST"
_NUL = b"\\u0000"
"""A NUL can only be written so. Behind another backslash it is a text about one."""


class _Members(list[tuple[str, Any]]):
    """The members of an object in their order, repeated ones included."""


def has_repeated_member(text: bytes, value: Any, colons: int | None = None) -> bool:
    """Tell whether a text names a member twice; `value` is what orjson read from it.

    Every colon of a text stands behind a member's name or inside a string. So, unless one is written
    as an escape (\\u003a), a value that is written again has as many colons as its text, or a member
    was lost. Who knows already how many `colons` the value has spares writing it again.
    """
    try:
        if b"\\" not in text or b"\\u003" not in text:
            expected = orjson.dumps(value).count(b":") if colons is None else colons
            return expected != text.count(b":")
        members = json.loads(text, object_pairs_hook=_Members)
        return next(_repeated(members, ""), None) is not None
    except (TypeError, RecursionError):
        return True  # nested too deeply to tell: `faults_in` reads it again


def is_plain(text: bytes, value: Any, colons: int | None = None) -> bool:
    """Tell at sight that a text is clear; `value` and `colons` as in `has_repeated_member`."""
    has_nul = b"\\" in text and _NUL in text  # a text without a backslash needs no search
    return not has_nul and not has_repeated_member(text, value, colons)


def faults_in(text: bytes) -> list[Fault]:
    """Name what makes a JSON text unclear; nothing for a text that json.loads cannot read at all."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [_not_standard()]
    if is_plain(text, value):
        return []
    try:
        return _named(json.loads(text, object_pairs_hook=_Members))
    except RecursionError:
        return [_not_standard()]


def _not_standard() -> Fault:
    return Fault(
        "/",
        JSON_NOT_STANDARD,
        "JSON 含非标准的数值或文字,或嵌套过深"
        " (JSON has no NaN, Infinity or half characters, and must not nest too deeply)",
    )


def _named(members: Any) -> list[Fault]:
    repeated = [
        Fault(pointer, MEMBER_REPEATED, "成员重复 (the member is repeated)")
        for pointer in _repeated(members, "")
    ]
    with_nul = [
        Fault(pointer or "/", NUL_IN_REQUEST, "含空字符 (NUL character)")
        for pointer in _with_nul(members, "")
    ]
    return [*repeated, *with_nul][:100]


def _with_nul(value: Any, at: str) -> Iterator[str]:
    """Yield where a NUL stands, in a name or a text; a pointer is written without it."""
    if isinstance(value, str):
        if "\x00" in value:
            yield at
    elif isinstance(value, _Members):
        for name, part in value:
            pointer = _pointer(at, name)
            if "\x00" in name:
                yield pointer
            yield from _with_nul(part, pointer)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _with_nul(part, f"{at}/{number}")


def _pointer(at: str, name: str) -> str:
    return f"{at}/{name.replace('~', '~0').replace('/', '~1')}".replace("\x00", "")


def _repeated(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, _Members):
        seen: set[str] = set()
        for name, part in value:
            pointer = _pointer(at, name)
            if name in seen:
                yield pointer
            seen.add(name)
            yield from _repeated(part, pointer)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _repeated(part, f"{at}/{number}")
