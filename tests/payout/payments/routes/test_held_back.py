"""Months of which nothing, or less, is due once the run is signed: the batch holds them back."""

from typing import Any

from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner, result
from tests.payout.support.recovering import came_back, confirmed, died, look, pay, receipt, repaid


async def failed(office: Office, district: str) -> list[dict[str, Any]]:
    shown = await look(office, "/v1/failed-payments", district=district)
    return [
        {name: item[name] for name in ("outcome", "amount", "is_due")} for item in shown["items"]
    ]


async def test_a_death_that_becomes_known_after_the_signatures_is_not_paid(office: Office) -> None:
    here = "heping"
    people = [pensioner(serial, "1000.00", "2021-05") for serial in (630, 631)]
    await office.register(people, here)
    filed = (await office.run_pensions("2021-05", here)).json()
    claim = await office.approve(filed)
    await died(office, 630, "2021-04-20", here)

    answer = await office.batch([claim])
    assert answer.status_code == 201, answer.text
    batch = answer.json()
    assert (filed["total"], batch["control"]) == (
        "2000.00",
        {"lines": 1, "total": "1000.00"},
    )
    held = {"outcome": "not_due", "amount": "1000.00", "is_due": False}
    assert await failed(office, here) == [held]
    claim_steps = (await look(office, f"/v1/claims/{claim}/trail"))["items"]
    assert (claim_steps[-1]["step"], claim_steps[-1]["detail"]) == (
        "held_back",
        {"payment_batch": batch["id"]},
    )
    batch_steps = (await look(office, f"/v1/payment-batches/{batch['id']}/trail"))["items"]
    (told,) = [step["detail"] for step in batch_steps if step["step"] == "held_back"]
    assert told == {"lines": 1, "total": "1000.00"}
    again = await office.batch([claim])
    assert again.json()["errors"][0]["code"] == "CLAIM_IN_BATCH", "the rest waits, not due"

    await came_back(office, 630, "2021-05", here)
    assert await failed(office, here) == [held | {"is_due": True}]
    body = {"fund": "pension", "district": here, "pay_date": "2021-08-05"}
    repaid_now = await office.ask(
        "POST", "/v1/repayment-batches", body, role="centre_cashier", key="held-1"
    )
    assert repaid_now.json()["control"]["total"] == "1000.00", repaid_now.text
    assert await failed(office, here) == []


async def test_a_claim_of_which_nothing_is_due_is_not_batched(office: Office) -> None:
    here = "nankai"
    await office.register([pensioner(640, "1000.00", "2021-05")], here)
    claim = await office.approve((await office.run_pensions("2021-05", here)).json())
    await died(office, 640, "2021-04-20", here)
    refused = await office.batch([claim])
    assert refused.json()["errors"][0]["code"] == "CLAIM_NOT_DUE", refused.text
    assert await failed(office, here) == [], "the refused batch held nothing back"
    await came_back(office, 640, "2021-05", here)
    assert (await office.batch([claim])).json()["control"]["total"] == "1000.00"


async def test_a_cancelled_batch_held_nothing_back(office: Office) -> None:
    here = "hongqiao"
    await office.register([pensioner(s, "1000.00", "2021-05") for s in (650, 651)], here)
    claim = await office.approve((await office.run_pensions("2021-05", here)).json())
    await died(office, 650, "2021-04-20", here)
    office.peers.funds_fen, funds = 0, office.peers.funds_fen
    batch = (await office.batch([claim])).json()["id"]
    await office.fund()
    office.peers.funds_fen = funds
    path = f"/v1/payment-batches/{batch}/cancellations"
    done = await office.ask("POST", path, {"note": "n"}, role="centre_cashier")
    assert done.status_code == 201, done.text
    assert await failed(office, here) == []
    await came_back(office, 650, "2021-05", here)
    assert (await office.batch([claim])).json()["control"]["total"] == "2000.00"


async def test_of_a_returned_month_that_is_not_due_what_was_given_back_is_paid(
    office: Office,
) -> None:
    here = "dongli"
    await office.register([pensioner(660, "1000.00", "2021-05")], here)
    claim = await office.approve((await office.run_pensions("2021-05", here)).json())
    batch = await pay(office, claim, "2021-05-08")
    await died(office, 660, "2021-04-20", here)
    case = await confirmed(office, here)
    await repaid(office, case["id"], receipt("HB-1", "300.00", "2021-06-01"))
    (line,) = await office.lines(batch)
    await office.report(batch, [result(line, "returned", value_date="2021-06-10")])

    assert await failed(office, here) == [
        {"outcome": "returned", "amount": "1000.00", "is_due": True}
    ]
    again = (await office.batch([claim])).json()
    assert again["control"]["total"] == "300.00", (
        "the bank gave the whole back, the person 300 more"
    )
    assert await failed(office, here) == [
        {"outcome": "not_due", "amount": "700.00", "is_due": False}
    ]
    await office.fund()
    (line,) = await office.lines(again["id"])
    await office.report(again["id"], [result(line)])
    shown = await look(office, "/v1/overpayments", district=here)
    assert shown["items"] == []
    month = await look(office, "/v1/pension-months/2021-05", district=here)
    states = {one["state"]: one["amount"] for one in month["states"] if one["people"]}
    assert states == {"paid": "0.00", "waiting_account": "700.00"}, "300 paid, 300 given back"

    people = [{"identity_number": number(660), "from": "2021-05"}]
    await office.change("resume", people, here, reason="death")
    rest = (await office.batch([claim])).json()
    run = await office.run_pensions("2021-06", here)
    assert (rest["control"]["total"], run.json()["total"]) == ("700.00", "1300.00"), (
        "a month, and 300"
    )
