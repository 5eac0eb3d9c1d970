"""Messages about members of the wrong shape say it in Chinese first, then in English."""

from datetime import date
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from shared.schema import CreditCode, In, Yuan
from shared.wire.input_faults import message_of


class Sample(In):
    day: date
    count: int
    choice: Literal["a", "b"]
    code: CreditCode
    amount: Yuan


GOOD: dict[str, Any] = {
    "day": "2021-07-01",
    "count": 1,
    "choice": "a",
    "code": "91120101MA00000006",
    "amount": "1.00",
}


@pytest.mark.parametrize(
    ("changed", "begins"),
    [
        ({"day": "2021-02-29"}, "不是有效的日期 ("),
        ({"count": "x"}, "须为整数 ("),
        ({"choice": "c"}, "不是可选值之一 ("),
        ({"code": "?"}, "格式不符 ("),
        ({"amount": "1"}, "金额须为"),
        ({"more": 1}, "未知成员 ("),
    ],
)
def test_a_message_begins_in_chinese(changed: dict[str, Any], begins: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Sample.model_validate(GOOD | changed)
    (found,) = refused.value.errors()
    assert message_of(found).startswith(begins), message_of(found)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValidationError) as refused:
        Sample.model_validate({})
    assert {message_of(found) for found in refused.value.errors()} == {
        "缺少必填项 (Field required)"
    }
