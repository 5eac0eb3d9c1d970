"""One reading of a JSON text: no member twice, no number or text that JSON does not have.

Parsers keep the last of two members with one name and say nothing. Whoever reads the other one
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


class _Members(list[tuple[str, Any]]):
    """The members of an object in their order, repeated ones included."""


def has_repeated_member(text: bytes, value: Any) -> bool:
    """Tell whether a text names a member twice; `value` is what orjson read from it.

    Every colon of a text stands behind a member's name or inside a string. So, without escapes, a
    value that is written again has as many colons as its text, unless a member was lost.
    """
    if b"\\" not in text:
        return orjson.dumps(value).count(b":") != text.count(b":")
    return next(_repeated(json.loads(text, object_pairs_hook=_Members), ""), None) is not None


def faults_in(text: bytes) -> list[Fault]:
    """Name what makes a JSON text unclear; nothing for a text that json.loads cannot read at all."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [
            Fault(
                "/",
                JSON_NOT_STANDARD,
                "JSON 含非标准的数值或文字,或嵌套过深"
                " (JSON has no NaN, Infinity or half characters, and must not nest too deeply)",
            )
        ]
    if not has_repeated_member(text, value):
        return []
    members = json.loads(text, object_pairs_hook=_Members)
    return [
        Fault(pointer, MEMBER_REPEATED, "成员重复 (the member is repeated)")
        for pointer in _repeated(members, "")
    ][:100]


def _repeated(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, _Members):
        seen: set[str] = set()
        for name, part in value:
            pointer = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in seen:
                yield pointer
            seen.add(name)
            yield from _repeated(part, pointer)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _repeated(part, f"{at}/{number}")
