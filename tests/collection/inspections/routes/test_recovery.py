"""Payout takes the orders of a decided case, reports their end, and then the case closes."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.cursor import write_cursor
from shared.db import Database
from shared.ids import Ref
from shared.references import Reference
from tests.collection.support.doors.inspecting import WRONG, decided, step, try_step
from tests.collection.support.office import Office
from tests.collection.support.restating import a_unit

PATH = "/v1/inspection-recoveries"
CLOSING = {"outcome": "collected"}


async def waiting(office: Office) -> list[dict[str, Any]]:
    answer = await office.get("payout_service", PATH, limit=200)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def report(office: Office, case: str, **body: Any) -> Any:
    return await try_step(office, "payout_service", case, "recoveries", {"finding": 1} | body)


async def test_an_order_waits_until_payout_reports_and_the_case_until_it_ends(
    office: Office,
) -> None:
    unit = await a_unit(office, people=1)
    dropped = [{"finding": 2, "reason": "票据属实"}]
    other = WRONG | {"claim_line": 2}
    case = await decided(office, unit.code, WRONG, other, dropped=dropped)
    (order,) = [one for one in await waiting(office) if one["inspection"] == case]
    assert (order["finding"], order["amount"], order["claim"]) == (1, "800.00", WRONG["claim"])
    early = await try_step(office, "department_head", case, "closings", CLOSING)
    assert [one["code"] for one in early.json()["errors"]] == ["NOT_RECOVERED"]
    named = {"recovery_case": Reference.RECOVERY_CASE.example}
    unfit = await report(office, case, status="opened")
    assert unfit.status_code == 422
    unknown = await report(office, case, finding=2, status="opened", **named)
    assert unknown.json()["code"] == "INSPECTION_RECOVERY_UNKNOWN"
    assert (await report(office, case, status="opened", **named)).status_code == 201
    assert not [one for one in await waiting(office) if one["inspection"] == case]
    ended = {"status": "closed", "recovered": "800.00"} | named
    assert (await report(office, case, **ended)).status_code == 201
    late = await report(office, case, status="opened", **named)
    assert [one["status"] for one in late.json()["items"]] == ["closed"], "an older report"
    closed = await step(office, "department_head", case, "closings", CLOSING)
    assert [one["recovered"] for one in closed["recoveries"]] == ["800.00"]
    clerk = await office.get("district_clerk", PATH)
    assert clerk.status_code == 403


async def test_a_withdrawn_case_recovers_nothing_and_a_fourth_person_withdraws_it(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, people=1)
    case = await decided(office, unit.code, WRONG)
    body = {"outcome": "withdrawn", "reason": "复议撤销"}
    for signer in ("department_head", "district_reviewer.heping"):
        own = await try_step(office, "department_head", case, "closings", body, subject=signer)
        assert own.json()["code"] == "SAME_PERSON_TWICE"
    ref = Ref.parse(Reference.INSPECTION, case)
    with pytest.raises(DBAPIError, match="inspection_withdrawn_by_another"):
        async with db.transaction() as tx:
            await tx.execute(
                text("""
                    UPDATE inspection
                       SET status = 'closed', outcome = 'withdrawn', closed_by = 'Department_Head '
                     WHERE unit_id = :key AND id = :id
                """),
                {"key": ref.key, "id": ref.id},
            )
    other = {"subject": "department_head.second"}
    withdrawn = await step(office, "department_head", case, "closings", body, **other)
    assert [one["status"] for one in withdrawn["recoveries"]] == ["refused"]
    assert not [one for one in await waiting(office) if one["inspection"] == case]
    late = await report(
        office, case, status="opened", recovery_case=Reference.RECOVERY_CASE.example
    )
    assert [one["status"] for one in late.json()["items"]] == ["refused"]


async def test_waiting_orders_are_read_page_by_page(office: Office) -> None:
    unit = await a_unit(office, people=1)
    case = await decided(office, unit.code, WRONG, WRONG | {"claim_line": 2})
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await office.get("payout_service", PATH, limit=1, **cursor)).json()
        found += [one["finding"] for one in page["items"] if one["inspection"] == case]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [1, 2]
    forged = write_cursor([1, "0" * 32, 2**40], {"of": "inspection_recoveries"})
    refused = await office.get("payout_service", PATH, cursor=forged)
    assert (refused.status_code, refused.json()["code"]) == (422, "CURSOR_INVALID")
