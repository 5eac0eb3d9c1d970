"""The bureau's figures against ours: two people look at differences."""

from typing import Any

import httpx
import pytest

from services.collection.operation.jobs import run as run_job
from services.collection.worker import OPERATIONS
from shared.money import format_yuan
from tests.collection.support.filing import tools_of
from tests.collection.support.money import (
    TOTAL_FEN,
    new_code,
    owe,
    push_of,
    pushed,
    ticket_line,
    ticket_no,
    whole_bill,
)
from tests.collection.support.office import Office


@pytest.fixture(scope="module")
def api(office: Office) -> httpx.AsyncClient:
    return office.api


async def compared(office: Office, period: str) -> dict[str, Any]:
    """The result of a comparison."""
    asked = await office.post("fund_accountant", "/v1/tax-comparisons", {"period": period})
    assert asked.status_code == 202, asked.text
    await run_job.run_waiting(tools_of(office), OPERATIONS)
    found = await office.get("supervisor", f"/v1/operations/{asked.json()['id']}")
    result: dict[str, Any] = found.json()["result"]
    return result


async def items(office: Office, period: str, **query: Any) -> list[dict[str, Any]]:
    found = await office.get("supervisor", "/v1/tax-items", period=period, **query)
    return list(found.json()["items"])


async def test_differences_open_items_which_close_when_they_are_gone_or_settled_by_two(
    office: Office, api: httpx.AsyncClient, database_url: str
) -> None:
    period = "2020-11"
    equal, less, nothing, extra = await owe(database_url, count=4, period=period)
    lines = [
        *whole_bill(ticket_no(), equal.credit_code, period=period),
        *whole_bill(ticket_no(), less.credit_code, period=period)[:-1],
        *whole_bill(ticket_no(), extra.credit_code, period=period),
        ticket_line(ticket_no(), 1, "pension.unit", extra.credit_code, 500, period=period),
    ]
    await pushed(api, office.bearer, push_of(lines))
    first = await compared(office, period)
    assert first["differing"] == first["opened"] == 1 + 5 + 1, first
    found = {(item["credit_code"], item["insurance"]): item for item in await items(office, period)}
    assert found[less.credit_code, "maternity"]["kind"] == "only_here"
    assert found[less.credit_code, "maternity"]["ours"] == "50.03"
    more = found[extra.credit_code, "pension"]
    assert (more["kind"], more["theirs"]) == ("amount_differs", "2405.00")
    assert {item["kind"] for (code, _), item in found.items() if code == nothing.credit_code} == {
        "only_here"
    }
    last = whole_bill(ticket_no(), less.credit_code, period=period)[-1]
    await pushed(api, office.bearer, push_of([last]))
    await _settled(office, more["id"])
    second = await compared(office, period)
    assert (second["opened"], second["closed"]) == (0, 1)
    closed = await items(office, period, status="closed")
    assert {(item["credit_code"], item["closed_as"]) for item in closed} == {
        (less.credit_code, "equal"),
        (extra.credit_code, "settled"),
    }


async def _settled(office: Office, item: str) -> None:
    path = f"/v1/tax-items/{item}"
    body = {"remedy": "refund", "reason": "缴费人多缴,由税务退库"}
    early = await office.post("department_head", f"{path}/approvals")
    assert (early.status_code, early.json()["code"]) == (409, "TAX_ITEM_STATUS")
    asked = await office.post("fund_accountant", f"{path}/settlements", body)
    assert asked.json()["status"] == "proposed", asked.text
    done = await office.post("department_head", f"{path}/approvals")
    assert (done.json()["status"], done.json()["closed_as"]) == ("closed", "settled"), done.text


async def test_money_of_a_unit_in_agency_mode_is_booked_and_looked_at(
    office: Office, api: httpx.AsyncClient, database_url: str
) -> None:
    period = "2020-10"
    (owed,) = await owe(database_url, period=period, collector="bank_debit")
    lines = whole_bill(ticket_no(), owed.credit_code, period=period)
    found = await pushed(api, office.bearer, push_of(lines))
    assert found["allocated_amount"] == format_yuan(TOTAL_FEN)
    (item,) = await items(office, period, kind="unit_in_agency_mode")
    assert (item["credit_code"], item["theirs"]) == (owed.credit_code, format_yuan(TOTAL_FEN))
    assert item["receipt"].startswith("rcp_")


async def test_held_money_and_refunds_are_listed(office: Office, api: httpx.AsyncClient) -> None:
    stranger, ticket = new_code(), ticket_no()
    back = {"refund_of": {"serial": "NEVER-SEEN", "line": 1, "reason": "重复缴费"}}
    lines = [
        ticket_line(ticket, 1, "pension.unit", stranger, 4321),
        ticket_line(ticket_no(), 1, "pension.unit", stranger, -77, **back),
    ]
    await pushed(api, office.bearer, push_of(lines))
    held = await office.get("supervisor", "/v1/tax-holds", reason="payer_unknown", limit=500)
    (mine,) = [one for one in held.json()["items"] if one["credit_code"] == stranger]
    assert (mine["suspended"], mine["owner"], mine["age_days"]) == ("43.21", "centre", 0)
    found = await office.get("supervisor", "/v1/tax-lines", credit_code=stranger, limit=1)
    one = found.json()["items"][0]
    assert (one["levy_item"], one["payer"]) == ("pension.unit", stranger)
    assert found.json()["has_more"] is True
    other = await office.get("supervisor", "/v1/tax-lines", serial=ticket, origin="declared_to_tax")
    assert other.json()["items"] == []
    waiting = await office.get("supervisor", "/v1/tax-refunds", status="ticket_unknown", limit=1)
    assert waiting.status_code == 200, waiting.text
    dues = await office.get("tax_bureau", "/v1/tax-dues", period="2020-11", limit=2)
    assert dues.status_code == 200, dues.text
    page = dues.json()
    assert page["items"][0]["levy_item"].count(".") == 1
    following = await office.get(
        "tax_bureau", "/v1/tax-dues", period="2020-11", limit=2, cursor=page["next_cursor"]
    )
    assert following.json()["items"][0] not in page["items"]
