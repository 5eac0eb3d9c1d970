"""The bank's rounds and the bureau's pushes: what they tell the services, and how often."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from joserfc.jwk import OKPKey

from shared.cn import credit_code
from shared.process.settings import Settings
from tests.sandbox.conftest import FakeServices, opened

ROUGH = {
    "seed": 3,
    "debit": {"refused": "0.2", "unknown": "0.2", "late": "0.3", "twice": "0.3"},
    "payment": {
        "refused": "0.1",
        "returned": "0.2",
        "unknown": "0.2",
        "late": "0.2",
        "twice": "0.3",
    },
    "tax": {"unpaid": "0.1", "partial": "0.2", "repeated": "0.5"},
    "lines_per_file": 7,
}


async def work(client: httpx.AsyncClient, trade: str) -> list[dict[str, Any]]:
    """Rounds until nothing waits, querying what is unknown."""
    rounds: list[dict[str, Any]] = []
    while not rounds or rounds[-1]["waiting"]:
        rounds.append((await client.post(f"/v1/bank/{trade}-batches")).json())
        assert len(rounds) < 10
        for serial in rounds[-1]["unknown"]:
            assert (await client.get(f"/v1/bank/transfers/{serial}")).status_code == 200
    return rounds


async def test_every_line_gets_one_final_word(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    await sandbox.put("/v1/script", json=ROUGH)
    services.add_batch("b1", 120, period="2021-07", debit_date="2021-07-20")
    rounds = await work(sandbox, "debit")
    outcomes = services.outcomes()
    assert len(outcomes) == 120
    for words in outcomes.values():
        final = [word for word in words if word != "unknown"]
        assert len(set(final)) == 1
        assert len(final) <= 2
        assert words == sorted(words, key=lambda word: word != "unknown")
    assert len(rounds) > 1
    assert {"settled", "refused", "unknown"} == {
        word for words in outcomes.values() for word in words
    }
    assert any(len(words) == 2 and "unknown" not in words for words in outcomes.values())


async def test_repeats_carry_the_same_serial_and_value_date(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    await sandbox.put("/v1/script", json=ROUGH)
    services.add_batch("b1", 60, period="2021-07", debit_date="2021-07-20")
    await work(sandbox, "debit")
    seen: dict[int, set[tuple[str, str]]] = {}
    for _, _, body in services.files:
        for result in body["results"]:
            seen.setdefault(result["line"], set()).add(
                (result["bank_serial"], result["value_date"])
            )
    assert all(len(serials) == 1 for serials in seen.values())


async def test_files_are_bounded_and_have_keys_of_their_own(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    await sandbox.put("/v1/script", json=ROUGH)
    services.add_batch("b1", 30, period="2021-07", debit_date="2021-07-20")
    await work(sandbox, "debit")
    assert all(len(body["results"]) <= 7 for _, _, body in services.files)
    keys = Counter(key for _, key, _ in services.files)
    assert set(keys.values()) == {1}


async def test_the_outcome_does_not_depend_on_batch_names_or_line_order(
    services: FakeServices, sandbox_settings: Settings, tmp_path: Path
) -> None:
    balances = []
    for name in ("aa", "zz"):
        services = FakeServices()
        services.add_batch(name, 50, period="2021-07", debit_date="2021-07-20")
        if name == "zz":
            services.lines[name].reverse()
        settings = sandbox_settings.model_copy(update={"home": tmp_path / name})
        async with opened(services, settings) as client:
            await client.put("/v1/script", json=ROUGH)
            await work(client, "debit")
            balances.append((await client.get("/v1/bank/accounts")).json())
    assert balances[0] == balances[1]
    assert balances[0]["items"][0]["balance"] != "0.00"


async def test_a_payout_moves_money_once_and_a_return_brings_it_back(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    await sandbox.put("/v1/script", json=ROUGH)
    services.add_batch("b1", 100, period="2021-07", debit_date="2021-07-20")
    await work(sandbox, "debit")
    for reference, payer, payee, amount in (
        ("s1", "income", "fiscal", "7000.00"),
        ("s2", "fiscal", "expenditure", "6000.00"),
    ):
        order = {"reference": reference, "payer": payer, "payee": payee, "amount": amount}
        answer = await sandbox.post("/v1/bank/transfers", json=order | {"day": "2021-07-31"})
        assert answer.status_code == 201, answer.text
    services.files.clear()
    services.add_batch("p1", 50, fund="pension", pay_date="2021-08-05", status="ready")
    await work(sandbox, "payment")
    paid = returned = 0
    for words in services.outcomes().values():
        assert words in (
            [w for w in words if w == "unknown"]
            + [w for w in words if w in {"paid", "refused"}]
            + [w for w in words if w == "returned"],
        )
        paid += "paid" in words
        returned += "returned" in words
    assert returned > 0
    statement = (await sandbox.get("/v1/bank/statements/expenditure?limit=500")).json()
    assert statement["count"] == 1 + paid + returned
    assert (
        statement["closing"]
        == (await sandbox.get("/v1/bank/accounts")).json()["items"][2]["balance"]
    )


async def test_a_payout_that_the_account_cannot_cover_is_refused(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    services.add_batch("p1", 3, fund="pension", pay_date="2021-08-05", status="ready")
    await work(sandbox, "payment")
    assert all(words[-1] == "refused" for words in services.outcomes().values())


async def test_a_restart_forgets_nothing(
    services: FakeServices, sandbox_settings: Settings
) -> None:
    services.add_batch("b1", 40, period="2021-07", debit_date="2021-07-20")
    async with opened(services, sandbox_settings) as client:
        await client.put("/v1/script", json=ROUGH)
        await client.post("/v1/bank/debit-batches")
        before = (await client.get("/v1/bank/accounts")).json()
    async with opened(services, sandbox_settings) as client:
        assert (await client.get("/v1/script")).json()["seed"] == 3
        assert (await client.get("/v1/bank/accounts")).json() == before
        rounds = await work(client, "debit")
        assert sum(one["decided"] for one in rounds) == 0
    assert len(services.outcomes()) == 40


async def test_the_bureau_pushes_with_control_totals_and_repeats_some(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    await sandbox.put("/v1/script", json=ROUGH)
    services.bills = [bill(number) for number in range(40)]
    pushed = (
        await sandbox.post("/v1/tax/pushes", json={"period": "2021-07", "day": "2021-07-22"})
    ).json()
    lines = [line for _, _, body in services.files for line in body["lines"]]
    assert pushed["payments"] == len({line["serial"] for line in lines})
    tickets = [line["serial"] for line in lines if line["line"] == 1]
    assert pushed["repeated"] == len(tickets) - pushed["payments"] > 0
    for _, _, body in services.files:
        assert body["control"]["count"] == len(body["lines"])
    treasury = (await sandbox.get("/v1/bank/accounts")).json()["items"][3]["balance"]
    assert treasury == pushed["total"]


async def test_one_payer_is_pushed_under_a_code_that_nobody_has(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    services.bills = [bill(number) for number in range(10)]
    pushed = (
        await sandbox.post("/v1/tax/pushes", json={"period": "2021-07", "day": "2021-07-22"})
    ).json()
    (slip,) = pushed["misregistered"]
    known = {one["credit_code"] for one in services.bills}
    assert slip["credit_code"] in known
    assert slip["pushed_as"] not in known
    assert credit_code.is_valid(slip["pushed_as"])


async def test_one_payer_is_pushed_under_another_payers_code(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    services.bills = [bill(number) for number in range(10)]
    body = {"period": "2021-07", "day": "2021-07-22", "wrong_payers": 1}
    pushed = (await sandbox.post("/v1/tax/pushes", json=body)).json()
    (slip,) = pushed["wrong_payers"]
    known = {one["credit_code"] for one in services.bills}
    assert {slip["credit_code"], slip["pushed_as"]} <= known
    assert slip["credit_code"] != slip["pushed_as"]
    assert len(pushed["misregistered"]) == 1


async def test_a_settled_debit_is_returned_in_the_next_round(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    await sandbox.put("/v1/script", json={"debit": {"refused": "0", "twice": "0"}})
    services.add_batch("b1", 1, period="2021-07", debit_date="2021-07-20")
    await work(sandbox, "debit")
    serial = services.files[-1][2]["results"][-1]["bank_serial"]
    body = {"serial": serial, "day": "2021-07-24"}
    for _ in range(2):
        moved = (await sandbox.post("/v1/bank/debit-returns", json=body)).json()
        assert (moved["serial"], moved["payer"]) == (f"{serial}-R", "income")
        await work(sandbox, "debit")
    (returned,) = [
        one
        for _, _, body in services.files
        for one in body["results"]
        if one["outcome"] == "returned"
    ]
    assert (returned["bank_serial"], returned["value_date"]) == (serial, "2021-07-24")
    income = (await sandbox.get("/v1/bank/accounts")).json()["items"][0]["balance"]
    assert income == "0.00"


async def test_only_a_settled_debit_can_be_returned(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    await sandbox.put("/v1/script", json={"debit": {"refused": "1"}})
    services.add_batch("b1", 1, period="2021-07", debit_date="2021-07-20")
    await work(sandbox, "debit")
    serial = services.files[-1][2]["results"][-1]["bank_serial"]
    for serial_reported, status in ((serial, 409), ("D0000000000000000", 404)):
        body = {"serial": serial_reported, "day": "2021-07-24"}
        answer = await sandbox.post("/v1/bank/debit-returns", json=body)
        assert answer.status_code == status


async def test_nobody_pays_a_bill_twice(sandbox: httpx.AsyncClient, services: FakeServices) -> None:
    await sandbox.put("/v1/script", json={"tax": {"unpaid": "0", "partial": "0"}})
    services.bills = [bill(number) for number in range(10)]
    body = {"period": "2021-07", "day": "2021-07-22"}
    assert (await sandbox.post("/v1/tax/pushes", json=body)).json()["payments"] == 10
    assert (await sandbox.post("/v1/tax/pushes", json=body)).json()["payments"] == 0


async def test_everything_can_be_sent_again_under_new_keys(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    services.add_batch("b1", 10, period="2021-07", debit_date="2021-07-20")
    await work(sandbox, "debit")
    before = list(services.files)
    answer = (await sandbox.post("/v1/repeats")).json()
    again = services.files[len(before) :]
    assert answer["letters"] == len(before) == len(again)
    assert [body for _, _, body in again] == [body for _, _, body in before]
    assert not {key for _, key, _ in again} & {key for _, key, _ in before}


def bill(number: int) -> dict[str, Any]:
    return {
        "credit_code": credit_code.with_check_character(f"9112010100000{number:04d}"),
        "period": "2021-07",
        "status": "open",
        "collector": "tax",
        "total": f"{1000 + number}.37",
        "settled": "0.00",
    }


async def test_replies_are_lost_and_messages_overtaken(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    script = {"lines_per_file": 5, "delivery": {"lost_replies": "0.5", "reordered": "0.5"}}
    await sandbox.put("/v1/script", json=script)
    services.add_batch("b1", 60, period="2021-07", debit_date="2021-07-20")
    await work(sandbox, "debit")
    keys = [key for _, key, _ in services.files]
    numbers = [int(key.rpartition("-")[2]) for key in dict.fromkeys(keys)]
    assert len(keys) > len(set(keys))
    assert numbers != sorted(numbers)
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


async def test_debits_come_back_as_often_as_the_script_says(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    script = {"debit": {"refused": "0", "unknown": "0", "returned": "0.5"}}
    await sandbox.put("/v1/script", json=script)
    services.add_batch("b1", 40, period="2021-07", debit_date="2021-07-20")
    await work(sandbox, "debit")
    last = [words[-1] for words in services.outcomes().values()]
    assert 10 < last.count("returned") < 30
    assert last.count("returned") + last.count("settled") == 40


async def test_some_tickets_come_after_an_inquiry_for_no_bill_or_without_money(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    rates = {"unpaid": "0", "unbilled": "0.3", "unlisted": "0.3", "undelivered": "0.3"}
    await sandbox.put("/v1/script", json={"tax": rates})
    services.bills = [bill(number) for number in range(40)]
    body = {"period": "2021-07", "day": "2021-07-22"}
    pushed = (await sandbox.post("/v1/tax/pushes", json=body)).json()
    listed = {line["serial"]: line for line in lines_of(services)}
    assert {line["period"] for line in listed.values()} == {"2021-07", "2021-08"}
    statement = (await sandbox.get("/v1/bank/statements/treasury?limit=500")).json()
    arrived = {one["serial"] for one in statement["items"]}
    assert len(arrived | set(listed)) == pushed["payments"]
    assert arrived - set(listed)
    assert set(listed) - arrived
    for serial in arrived - set(listed):
        for _ in range(2):
            assert (await sandbox.post("/v1/tax/inquiries", json={"serial": serial})).is_success
    assert arrived <= {line["serial"] for line in lines_of(services)}
    pushes = len(services.files)
    await sandbox.post("/v1/tax/inquiries", json={"serial": next(iter(listed))})
    assert len(services.files) == pushes


async def test_a_ticket_is_given_back_once(
    sandbox: httpx.AsyncClient, services: FakeServices
) -> None:
    await sandbox.put("/v1/script", json={"tax": {"unpaid": "0", "partial": "0"}})
    services.bills = [bill(1)]
    body = {"period": "2021-07", "day": "2021-07-22"}
    await sandbox.post("/v1/tax/pushes", json=body)
    serial = lines_of(services)[0]["serial"]
    for _ in range(2):
        back = {"serial": serial, "day": "2021-07-26"}
        assert (await sandbox.post("/v1/tax/refunds", json=back)).is_success
    given = [line for line in lines_of(services) if "refund_of" in line]
    assert [line["refund_of"]["serial"] for line in given] == [serial] * len(given)
    accounts = (await sandbox.get("/v1/bank/accounts")).json()["items"]
    assert accounts[3]["balance"] == "0.00"


async def test_what_is_written_is_signed_with_a_configured_key(
    services: FakeServices, sandbox_settings: Settings
) -> None:
    key = sandbox_settings.home / "sandbox" / "keys" / "bank_gateway.jwk"
    key.parent.mkdir(parents=True)
    jwk = OKPKey.generate_key("Ed25519").as_dict(private=True, kid="bank-1")
    key.write_text(json.dumps(jwk))
    async with opened(services, sandbox_settings) as client:
        services.add_batch("b1", 5, period="2021-07", debit_date="2021-07-20")
        await work(client, "debit")
        services.bills = [bill(1)]
        await client.post("/v1/tax/pushes", json={"period": "2021-07", "day": "2021-07-22"})
    assert services.signed
    assert all(services.signed)


def lines_of(services: FakeServices) -> list[dict[str, Any]]:
    return [
        line
        for path, _, body in services.files
        if path.endswith("tax-pushes")
        for line in body["lines"]
    ]
