"""From the tax bureau to the treasury to the fiscal account: by ticket, what is on its way."""

from typing import Any

import httpx
import pytest

from tests.collection.support.money import DAY, owe, push_of, pushed, ticket_line, ticket_no
from tests.collection.support.office import Office

NEXT = "2021-07-21"


@pytest.fixture(scope="module")
def api(office: Office) -> httpx.AsyncClient:
    return office.api


def entry(number: str, ticket: str, amount: str, step: str = "received") -> dict[str, Any]:
    return {"entry_no": number, "step": step, "serial": ticket, "amount": amount}


async def listed(office: Office, total: str, *entries: dict[str, Any]) -> httpx.Response:
    number = ticket_no()
    body = {
        "treasury": "tj_treasury",
        "list_no": number,
        "day": NEXT,
        "control": {"count": len(entries), "total": total},
        "entries": list(entries),
    }
    return await office.post("tax_bureau", "/v1/treasury-lists", body, key=number)


async def at_stage(office: Office, stage: str, as_of: str = NEXT) -> dict[str, dict[str, Any]]:
    found = await office.get(
        "supervisor", "/v1/tax-tickets-in-transit", stage=stage, as_of=as_of, limit=500
    )
    return {one["serial"]: one for one in found.json()["items"]}


async def test_a_ticket_is_in_transit_until_it_is_in_the_fiscal_account(
    office: Office, api: httpx.AsyncClient, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    first, second, back = ticket_no(), ticket_no(), ticket_no()
    lines = [
        ticket_line(first, 1, "pension.unit", owed.credit_code, 1000),
        ticket_line(second, 1, "medical.unit", owed.credit_code, 700),
        ticket_line(
            back,
            1,
            "medical.unit",
            owed.credit_code,
            -200,
            refund_of={"serial": second, "line": 1, "reason": "误收"},
        ),
    ]
    await pushed(api, office.bearer, push_of(lines))
    assert set(await at_stage(office, "at_tax", DAY)) == {first, second, back}
    entries = [entry("R1", first, "10.00"), entry("R1", second, "7.00"), entry("R2", back, "-2.00")]
    answer = await listed(office, "15.00", *entries)
    assert answer.json() == {"received": 3, "taken": 3, "replayed": 0, "rejected": []}
    again = await listed(office, "14.99", entries[0], entry("R1", second, "4.99"))
    assert again.json()["replayed"] == 1
    assert [one["code"] for one in again.json()["rejected"]] == ["ENTRY_REUSED"]
    assert await at_stage(office, "at_tax") == {}
    assert set(await at_stage(office, "at_tax", DAY)) == {first, second, back}
    assert set(await at_stage(office, "in_treasury")) == {first, second, back}
    await listed(office, "10.00", entry("T1", first, "10.00", "transferred"))
    assert set(await at_stage(office, "in_treasury")) == {second, back}
    await listed(office, "3.00", entry("R9", "NOT-PUSHED", "3.00"))
    assert set(await at_stage(office, "unexplained")) == {"NOT-PUSHED"}
    found = await office.get("supervisor", "/v1/tax-transit-totals", as_of=NEXT)
    totals = found.json()
    assert (totals["paid"], totals["received"], totals["transferred"]) == (
        "15.00",
        "18.00",
        "10.00",
    )
    assert (totals["tickets_in_treasury"], totals["tickets_unexplained"]) == (3, 1)


async def test_a_list_whose_totals_do_not_tie_leaves_nothing(office: Office) -> None:
    answer = await listed(office, "1.00", entry("X1", ticket_no(), "2.00"))
    assert (answer.status_code, answer.json()["code"]) == (422, "CONTROL_TOTALS_DIFFER")
