"""Bodies of requests for tests: pensioners, claims, the bank's results."""

from typing import Any
from uuid import uuid4

from shared.cn.identity_number import with_check_digit
from shared.money import format_yuan, parse_yuan


def number(serial: int) -> str:
    """Build a valid identity number."""
    return with_check_digit(f"120101195003{serial % 28 + 1:02d}{serial // 28 % 1000:03d}")


def account(serial: int, holder: str = "张建国") -> dict[str, str]:
    return {"bank": "工商银行", "number": f"62220203020645{serial:05d}", "name": holder}


def pensioner(serial: int, amount: str = "2345.60", since: str = "2021-01") -> dict[str, Any]:
    return {
        "identity_number": number(serial),
        "name": "张建国",
        "kind": "basic_pension",
        "monthly_amount": amount,
        "bank_account": account(serial),
        "from": since,
    }


def hospital_claim(
    *amounts: str, district: str = "heping", period: str = "2021-07", **changes: Any
) -> dict[str, Any]:
    """Build a hospital settlement of these amounts; its references are unique."""
    mark = uuid4().hex[:12]
    lines = [
        {
            "payee_name": "天津市第一中心医院",
            "bank_account": account(index, "天津市第一中心医院"),
            "amount": amount,
            "reference": f"ZY-{mark}-{index}",
        }
        for index, amount in enumerate(amounts)
    ]
    total = format_yuan(sum(parse_yuan(amount) for amount in amounts))
    return {
        "kind": "hospital_settlement",
        "district": district,
        "period": period,
        "summary": "住院费用结算",
        "control": {"lines": len(lines), "total": total},
        "lines": lines,
    } | changes


def result(line: dict[str, Any], outcome: str = "paid", **changes: Any) -> dict[str, Any]:
    """Build the bank's report about a line."""
    report = {
        "line": line["line"],
        "outcome": outcome,
        "bank_serial": f"B{line['line']:06d}" + ("R" if outcome == "returned" else ""),
        "amount": line["amount"],
        "value_date": "2021-08-05",
    }
    if outcome in {"refused", "returned"}:
        report |= {"reason_code": "RJ01", "reason": "账号不存在"}
    return report | changes
