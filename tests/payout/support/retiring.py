"""People who retire, as collection and the ledger know them, for tests."""

from base64 import b64encode
from itertools import count
from typing import Any

import httpx

from shared.cn.identity_number import with_check_digit
from shared.references import Reference
from tests.payout.support.merging import person_of
from tests.payout.support.office import Office

SERIAL = count(50)
NAME = "王建国"
OWING = {
    "credit_code": "91120101MA00000019",
    "district": "heping",
    "months": 5,
    "first": "2026-01",
    "last": "2026-05",
}


def applicant(office: Office, district: str = "heping", *, months: int = 180) -> str:
    """Make a man of 1965 whose months are in the records; return his number."""
    number = with_check_digit(f"12010119650110{2 * next(SERIAL) + 1:03d}")
    person = person_of(office.app.state.person_keys, number).text(Reference.PERSON)
    name = office.app.state.person_keys.sent_name.seal(NAME)
    years = [
        {"insurance": "pension", "year": 2024 - index, "months": 12, "base_total": "60000.00"}
        for index in range(months // 12)
    ]
    office.peers.records[person] = {
        "person": person,
        "districts": [district],
        "birth_month": "1965-01",
        "female": False,
        "years": years,
        "last_months": [],
    }
    office.peers.statements[person] = [{"fund": "pension", "year": 2024, "closing": "120000.00"}]
    office.peers.retirement_facts[person] = {
        "person": person,
        "sealed_name": b64encode(name).decode(),
        "doubled_months": 0,
        "unpaid": [],
    }
    return number


def owes(office: Office, number: str, *units: dict[str, Any]) -> None:
    """Let units owe months of a person, or none."""
    person = person_of(office.app.state.person_keys, number).text(Reference.PERSON)
    office.peers.retirement_facts[person]["unpaid"] = list(units)


def application(number: str, district: str = "heping", **changes: Any) -> dict[str, Any]:
    account = {"bank": "工商银行", "number": "6222020302064599901", "name": NAME}
    return {
        "identity_number": number,
        "district": district,
        "bank_account": account,
        "document": "津和退〔2026〕031号",
    } | changes


async def filed(office: Office, number: str, district: str = "heping", **changes: Any) -> Any:
    answer = await office.ask(
        "POST",
        "/v1/qualifications",
        application(number, district, **changes),
        role="district_clerk",
        district=district,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


ROLES = ("district_clerk", "district_reviewer", "department_head")


async def signed(
    office: Office,
    role: str,
    papers: list[str],
    decision: str = "approve",
    district: str = "heping",
    **more: Any,
) -> httpx.Response:
    how = {"role": role, "subject": more.pop("subject", None)}
    how["district"] = district if role.startswith("district") else "centre"
    body = {"district": district, "qualifications": papers, "decision": decision} | more
    return await office.ask("POST", "/v1/qualification-signatures", body, **how)


async def three_steps(office: Office, papers: list[str], district: str = "heping") -> None:
    for role in ROLES:
        answer = await signed(office, role, papers, district=district)
        assert answer.status_code == 201, answer.text


async def meeting(
    office: Office, papers: list[str], district: str = "heping", **how: Any
) -> httpx.Response:
    body = {
        "district": district,
        "held_on": "2026-11-30",
        "document": "退休会审纪要〔2026〕11号",
        "qualifications": papers,
    }
    return await office.ask(
        "POST", "/v1/qualification-meetings", body, **({"role": "centre_leader"} | how)
    )


async def look(office: Office, path: str, role: str = "supervisor", **params: Any) -> Any:
    answer = await office.ask("GET", path, role=role, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()
