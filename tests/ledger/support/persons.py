"""Requests to the personal accounts."""

from typing import Any

from httpx import Response

from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh

Body = dict[str, Any]
PERSONAL = "contribution_income.personal_account"


def person(key: int) -> str:
    return Ref(key, uuid7()).text(Reference.PERSON)


def bill(credits: list[Body], settled_on: str = "2021-07-26", **more: Any) -> Body:
    made = {"bill": fresh("bill"), "period": settled_on[:7], "settled_on": settled_on}
    return made | {"credits": credits} | more


def credit(key: int, amount: str, fund: str = "pension") -> Body:
    return {"person": person(key), "fund": fund, "amount": amount}


async def send(ledger: Ledger, *bills: Body) -> Body:
    answer = await ledger.post("/v1/personal-credits", {"bills": list(bills)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def statement(ledger: Ledger, key: int, **parameters: Any) -> list[Body]:
    path = f"/v1/personal-accounts/{person(key)}/statement"
    answer = await ledger.get(path, Role.SUPERVISOR, **parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def close_year(ledger: Ledger, year: int, fund: str = "pension") -> Response:
    body = {"fund": fund, "year": year}
    return await ledger.post("/v1/personal-interest", body, Role.FUND_ACCOUNTANT)


async def control(ledger: Ledger, fund: str = "pension", **parameters: Any) -> Body:
    body = (await ledger.get("/v1/personal-control", **parameters)).json()
    found = next(one for one in body["items"] if one["fund"] == fund)
    return {"all": body["holds"], "tie": body["totals_tie"]} | found
