"""Advances with the real ledger: paid first, settled by a claim, to the fen."""

from collections.abc import Sequence
from typing import Any

from shared.clock import today
from shared.money import parse_yuan
from tests.payout.support.city import City
from tests.payout.support.papers import hospital_claim, result
from tests.payout.support.recovering import confirm, receipt, repaid

FUND = "work_injury"


def claim_of(kind: str, *amounts: str, advances: Sequence[tuple[str, int]] = ()) -> dict[str, Any]:
    """Build a claim of the injury fund whose first lines settle these advances."""
    documents = ["advance_decision", "injury_decision", "settlement_statement"]
    claim = hospital_claim(*amounts) | {"kind": kind, "documents": documents}
    for line, (advance, number) in zip(claim["lines"], advances, strict=False):
        line["advance"] = {"claim": advance, "line": number}
    return claim


async def pay(city: City, *claims: str, day: str = "2021-08-05") -> None:
    batch = (await city.batch(list(claims), pay_date=day)).json()["id"]
    await city.fund()
    await city.report(batch, [result(line, value_date=day) for line in await city.lines(batch)])


async def open_advances(city: City) -> dict[int, tuple[str, str]]:
    answer = await city.ask("GET", "/v1/advances", role="supervisor", fund=FUND)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert all(one["days"] > 0 and one["paid_on"] == "2021-08-05" for one in items)
    return {one["line"]: (one["settled"], one["open"]) for one in items}


async def benefits(city: City) -> int:
    answer = await city.client.get(
        "/v1/closing-control", params={"as_of": str(today())}, headers=city.bearer("supervisor")
    )
    one = answer.json()["funds"].get(FUND, {"benefits": "0.00"})
    return parse_yuan(one["benefits"])


async def test_an_advance_is_paid_deducted_and_turned_into_the_benefit(city: City) -> None:
    await city.give(FUND, "10000.00")
    advance = await city.approved(claim_of("injury_advance", "100.00", "50.00"))
    early = await city.file(claim_of("injury_treatment", "130.00", advances=[(advance, 1)]))
    assert [one["code"] for one in early.json()["errors"]] == ["ADVANCE_NOT_PAID"]
    await pay(city, advance)
    assert await open_advances(city) == {1: ("0.00", "100.00"), 2: ("0.00", "50.00")}
    assert await benefits(city) == 0, "an advance is no benefit yet"

    refused = (
        await city.file(claim_of("injury_treatment", "1.00", advances=[(advance, 2)]))
    ).json()
    await city.sign(refused["id"], "district_reviewer", "refuse", district="heping", note="n")
    wrong = claim_of("injury_treatment", "1.00", "1.00", advances=[(advance, 3), ("clm_x", 1)])
    answer = await city.file(wrong)
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
        ("/lines/0/advance", "ADVANCE_UNKNOWN"),
        ("/lines/1/advance", "ADVANCE_UNKNOWN"),
    }

    filed = await city.file(
        claim_of("injury_treatment", "130.00", "20.00", advances=[(advance, 1), (advance, 2)])
    )
    assert (filed.json()["total"], filed.json()["settled"]) == ("30.00", "120.00")
    assert await open_advances(city) == {2: ("20.00", "30.00")}
    path = f"/v1/claims/{filed.json()['id']}/lines"
    shown = (await city.ask("GET", path, role="supervisor")).json()["items"]
    assert [one["advance"] for one in shown] == [
        {"claim": advance, "line": 1},
        {"claim": advance, "line": 2},
    ]
    await pay(city, await city.approve(filed.json()))
    await city.deliver()
    books = await city.balances(FUND)
    assert books["benefit.work_injury"] == 150_00
    assert books["temporary_payment"] == 30_00
    assert await benefits(city) == 150_00

    covered = await city.file(claim_of("injury_treatment", "30.00", advances=[(advance, 2)]))
    claim = await city.approve(covered.json())
    nothing = await city.batch([claim])
    assert [one["code"] for one in nothing.json()["errors"]] == ["CLAIM_SETTLED"]
    await city.deliver()
    assert (await city.balances(FUND)).get("temporary_payment", 0) == 0
    assert await benefits(city) == 180_00
    assert await open_advances(city) == {}
    again = await city.file(claim_of("injury_treatment", "1.00", advances=[(advance, 2)]))
    assert [one["code"] for one in again.json()["errors"]] == ["ADVANCE_SETTLED"]
    outbox = await city.ask("GET", "/v1/outbox", role="supervisor")
    assert outbox.json() == {"waiting": 0, "refused": 0}


async def test_an_advance_that_is_paid_back_is_not_deducted_again(city: City) -> None:
    await city.give(FUND, "10000.00")
    advance = await city.approved(claim_of("injury_advance", "100.00"))
    await pay(city, advance)
    treated = await city.approved(claim_of("injury_treatment", "30.00", advances=[(advance, 1)]))
    before = await benefits(city)
    body = {"reason": "工伤未认定", "document": "文", "lines": [{"line": 1, "amount": "70.01"}]}
    how = {"role": "district_clerk", "district": "heping"}
    path = f"/v1/claims/{advance}/recovery-cases"
    much = await city.ask("POST", path, body, **how)
    assert [one["code"] for one in much.json()["errors"]] == ["RECOVERY_TOO_LARGE"]
    body["lines"] = [{"line": 1, "amount": "70.00"}]
    opened = await city.ask("POST", path, body, **how)
    (case,) = opened.json()["items"]
    await confirm(city, case["id"], "heping")
    again = await city.file(claim_of("injury_treatment", "1.00", advances=[(advance, 1)]))
    assert [one["code"] for one in again.json()["errors"]] == ["ADVANCE_SETTLED"]
    paid_back = await repaid(city, case["id"], receipt("A-1", "70.00", "2022-01-20"))
    assert paid_back.status_code == 201, paid_back.text
    await city.deliver()
    assert (await city.balances(FUND)).get("temporary_payment", 0) == 0
    assert await benefits(city) == before

    # What the advance paid of the benefit comes back too, once the benefit is found false.
    path = f"/v1/claims/{treated}/recovery-cases"
    body["lines"] = [{"line": 1, "amount": "30.00"}]
    (case,) = (await city.ask("POST", path, body, **how)).json()["items"]
    await confirm(city, case["id"], "heping")
    await repaid(city, case["id"], receipt("A-2", "30.00", str(today())))
    await city.deliver()
    assert await benefits(city) == before - 30_00
    outbox = await city.ask("GET", "/v1/outbox", role="supervisor")
    assert outbox.json() == {"waiting": 0, "refused": 0}
