"""Messages about members of the wrong shape: pydantic's own, with the Chinese in front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_LENGTHS: Final = {
    "too_short": "项数过少",
    "too_long": "项数过多",
    "string_too_short": "文字过短",
    "string_too_long": "文字过长",
}
_BOUNDS: Final = dict.fromkeys(
    ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"),
    "数值超出范围",
)
_DAYS: Final = dict.fromkeys(
    (
        *("date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        *("datetime_parsing", "datetime_from_date_parsing"),
    ),
    "不是有效的日期",
)
_NUMBERS: Final = dict.fromkeys(
    ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "须为整数"
)
_CHOICES: Final = dict.fromkeys(("enum", "literal_error"), "不是可选值之一")
_OBJECTS: Final = dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "须为对象")
_CHINESE: Final = {
    **_LENGTHS,
    **_BOUNDS,
    **_DAYS,
    **_NUMBERS,
    **_CHOICES,
    **_OBJECTS,
    "missing": "缺少必填项",
    "extra_forbidden": "未知成员",
    "string_type": "须为字符串",
    "string_pattern_mismatch": "格式不符",
    "bool_type": "须为 true 或 false",
    "bool_parsing": "须为 true 或 false",
    "date_type": "须为日期",
    "list_type": "须为列表",
    "none_required": "须为空",
    "uuid_parsing": "不是有效的编号",
}


def message_of(found: Mapping[str, Any]) -> str:
    """Return the message of an error that pydantic found; checks of our own say both already."""
    chinese, english = _CHINESE.get(found["type"]), str(found["msg"])
    own = not english.isascii() and found["type"] != "string_pattern_mismatch"
    return english if chinese is None or own else f"{chinese} ({english})"
