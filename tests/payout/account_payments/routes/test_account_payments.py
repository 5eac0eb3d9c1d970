"""Payments of personal accounts with the real ledger: the account is emptied, late credits follow."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from shared import outbox
from shared.cursor import write_cursor
from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from tests.payout.support.city import City
from tests.payout.support.office import Office
from tests.payout.support.papers import account, number, result

DAY = "2021-08-05"
AGENCY = "上海市社会保险事业管理中心"


def reference(city: City, serial: int, id: int = 1) -> str:
    key = city.app.state.person_keys.key(number(serial))
    return Ref(key, UUID(int=id)).text(Reference.PERSON)


def record_of(person: str, base_total: str) -> dict[str, Any]:
    years = [{"insurance": "pension", "year": 2021, "months": 2, "base_total": base_total}]
    return {
        "person": person,
        "districts": ["heping"],
        "birth_month": None,
        "female": None,
        "years": years,
        "last_months": [],
    }


def insure(city: City, serial: int, base_total: str = "10000.00") -> dict[str, Any]:
    """Let collection know a person of heping."""
    path = reference(city, serial, 0)
    city.peers.records[path] = record = record_of(path, base_total)
    return record


def payment_body(serial: int) -> dict[str, Any]:
    return {
        "fund": "pension",
        "district": "heping",
        "identity_number": number(serial),
        "reason": "death",
        "payee_name": "张小明",
        "bank_account": account(serial, "张小明"),
        "documents": ["application", "death_certificate", "kinship_proof"],
    }


def transfer_body(serial: int, letter: str, fund: str = "pension") -> dict[str, Any]:
    return {
        "fund": fund,
        "district": "heping",
        "identity_number": number(serial),
        "letter": f"LXH-310000-2021-{letter}",
        "city": "上海市",
        "agency": AGENCY,
        "bank_account": account(serial, AGENCY),
        "documents": ["contact_letter"],
    }


async def credit(
    city: City, serial: int, amount: str, fund: str = "pension", corrects: str | None = None
) -> str:
    """Credit a bill, or correct an earlier one; return the bill."""
    person = {"person": reference(city, serial), "fund": fund, "amount": amount}
    bill = {"bill": uuid4().hex, "period": "2021-07", "settled_on": "2021-07-26"}
    if corrects:
        bill["corrects"] = corrects
    body = {"bills": [bill | {"credits": [person]}]}
    answer = await city.ledger_request(
        "POST", "/v1/personal-credits", body, role="collection_service"
    )
    assert answer["credited"] == 1
    return bill["bill"]


async def held(city: City, serial: int, fund: str = "pension") -> str:
    answer = await city.ledger.get(
        "/v1/personal-balances",
        params={"person": [reference(city, serial)]},
        headers=city.bearer("payout_service"),
    )
    return str({one["fund"]: one["balance"] for one in answer.json()["items"]}[fund])


async def file(city: City, path: str, body: dict[str, Any], **changes: Any) -> httpx.Response:
    return await city.ask(
        "POST", path, body | changes, role="district_clerk", district=body["district"]
    )


async def pay(city: City, claim: dict[str, Any]) -> None:
    """Sign a claim, let the ledger book it, pay it through the bank and let the ledger know."""
    approved = await city.approve(claim)
    await city.deliver()
    batch = (await city.batch([approved])).json()["id"]
    await city.fund()
    (line,) = await city.lines(batch)
    assert line["amount"] == claim["total"]
    await city.report(batch, [result(line, value_date=DAY)])
    await city.deliver()


async def test_heirs_get_the_whole_account_and_later_what_was_credited_late(city: City) -> None:
    await city.give("pension", "100000.00")
    before = await city.balances("pension")
    insure(city, 1)
    await credit(city, 1, "1234.56")
    body = payment_body(1)
    incomplete = await file(city, "/v1/account-payments", body, documents=["application"])
    assert [one["code"] for one in incomplete.json()["errors"]] == ["DOCUMENT_MISSING"]
    filed = await file(city, "/v1/account-payments", body)
    assert filed.status_code == 201, filed.text
    claim = filed.json()
    assert (claim["total"], claim["kind"]) == ("1234.56", "personal_account_refund")
    again = await file(city, "/v1/account-payments", body)
    assert (again.status_code, again.json()["code"]) == (409, "ACCOUNT_NOTHING_DUE")
    assert "1234.56" not in again.text
    await pay(city, claim)
    assert await held(city, 1) == "0.00"
    # A contribution that arrives after the payment is listed, and paid by a further claim.
    await credit(city, 1, "65.44")
    left = await city.ask("GET", "/v1/account-remainders", role="department_head")
    assert [(one["left"], one["claim"]) for one in left.json()["items"]] == [("65.44", claim["id"])]
    # A refused claim gives the amount back: the account is listed again, and paid by the next one.
    refused = (await file(city, "/v1/account-payments", body)).json()
    none = await city.ask("GET", "/v1/account-remainders", role="department_head")
    assert none.json()["items"] == []
    how = {"district": "heping", "note": "材料不符"}
    await city.sign(refused["id"], "district_reviewer", "refuse", **how)
    left = await city.ask("GET", "/v1/account-remainders", role="department_head")
    assert [one["claim"] for one in left.json()["items"]] == [claim["id"]]
    second = (await file(city, "/v1/account-payments", body)).json()
    assert second["total"] == "65.44"
    await pay(city, second)
    assert await held(city, 1) == "0.00"
    left = await city.ask("GET", "/v1/account-remainders", role="department_head")
    assert left.json()["items"] == []
    after = await city.balances("pension")
    paid_fen = after["benefit.basic_pension"] - before.get("benefit.basic_pension", 0)
    assert paid_fen == before["expenditure_deposit"] - after["expenditure_deposit"] == 1300_00
    statement = await city.ledger_request(
        "GET",
        f"/v1/personal-accounts/{reference(city, 1)}/statement?to_year=2026",
        role="supervisor",
    )
    assert sum(parse_yuan(one["withdrawal"]) for one in statement["items"]) == -1300_00


async def test_a_transfer_takes_account_and_pooled_part_once_for_each_letter(city: City) -> None:
    await city.give("pension", "100000.00")
    before = await city.balances("pension")
    await credit(city, 2, "800.00")
    record = insure(city, 2)
    body = transfer_body(2, "00017")
    claim = (await file(city, "/v1/outgoing-transfers", body)).json()
    assert (claim["total"], claim["account"]) == ("2000.00", "transfer_expense")
    await pay(city, claim)
    assert await held(city, 2) == "0.00"
    record["years"][0]["base_total"] = "15000.00"
    await credit(city, 2, "400.00")
    same = await file(city, "/v1/outgoing-transfers", body)
    assert (same.status_code, same.json()["code"]) == (409, "EVENT_CLAIMED")
    supplement = (await file(city, "/v1/outgoing-transfers", body, supplement=1)).json()
    assert supplement["total"] == "1000.00"
    await pay(city, supplement)
    assert await held(city, 2) == "0.00"
    after = await city.balances("pension")
    assert after["transfer_expense"] - before.get("transfer_expense", 0) == 3000_00
    control = await city.client.get(
        "/v1/closing-control", params={"as_of": DAY}, headers=city.bearer("supervisor")
    )
    books = await city.ledger_request("GET", f"/v1/closing-totals?as_of={DAY}", role="supervisor")
    benefits = control.json()["funds"]["pension"]["items"]["benefits"]
    assert benefits["business"] == benefits["statistics"] == books["funds"]["pension"]["benefits"]


async def test_what_one_city_sends_goes_on_to_the_next(city: City) -> None:
    """The account and the years of a transfer in: a transfer out takes both along."""
    await city.give("pension", "100000.00")
    insure(city, 4, "1000.00")
    transfer = {
        "person": reference(city, 4),
        "city": "北京市",
        "letter": "LXH-110000-2021-00003",
        "account": "300.00",
        "years": [{"year": 2020, "months": 3, "base": "9000.00"}],
        "without_receipt": "财政专户直接收款",
    }
    amounts = [{"fund": "pension", "amount": "1500.00"}]
    body = {"kind": "transfer_in", "day": "2021-08-02", "amounts": amounts, "transfer": transfer}
    paper = await city.ledger_request("POST", "/v1/settlements", body, role="fund_accountant")
    await city.ledger_request(
        "POST", f"/v1/settlements/{paper['id']}/approvals", role="centre_leader"
    )
    assert await held(city, 4) == "300.00"
    claim = (await file(city, "/v1/outgoing-transfers", transfer_body(4, "00019"))).json()
    assert claim["total"] == "1500.00"
    await pay(city, claim)
    assert await held(city, 4) == "0.00"


async def test_a_district_pays_only_accounts_of_its_own_people(city: City) -> None:
    insure(city, 5)
    body = payment_body(5) | {"district": "nankai"}
    moved = transfer_body(5, "00020", "medical") | {"district": "nankai"}
    for fund in ("pension", "medical"):
        await credit(city, 5, "70.00", fund)
        paid = await file(city, "/v1/account-payments", body, fund=fund)
        assert paid.status_code == 403, paid.text
        assert "70.00" not in paid.text
    transfer = await file(city, "/v1/outgoing-transfers", moved)
    assert transfer.status_code == 403, transfer.text


async def test_a_claim_is_paid_only_after_the_ledger_took_it_from_the_account(city: City) -> None:
    await city.give("pension", "1000.00")
    insure(city, 6)
    bill = await credit(city, 6, "500.00")
    claim = (await file(city, "/v1/account-payments", payment_body(6))).json()
    await credit(city, 6, "-400.00", corrects=bill)
    approved = await city.approve(claim)
    for _ in ("waiting", "refused"):
        batch = await city.batch([approved])
        assert batch.json()["errors"][0]["code"] == "CLAIM_NOT_BOOKED", batch.text
        await city.deliver()
    assert await held(city, 6) == "100.00"
    await credit(city, 6, "400.00")
    async with city.app.state.db.transaction() as tx:
        await outbox.send_again(tx, refused=True)
    await city.deliver()
    assert (await city.batch([approved])).status_code == 201
    assert await held(city, 6) == "0.00"


async def test_two_people_refuse_a_claim_that_the_ledger_refused(city: City) -> None:
    await city.give("pension", "1000.00")
    insure(city, 7)
    bill = await credit(city, 7, "500.00")
    claim = (await file(city, "/v1/account-payments", payment_body(7))).json()
    await credit(city, 7, "-400.00", corrects=bill)
    approved = await city.approve(claim)
    how = {"district": "centre", "note": "账户余额已减少"}
    early = await city.sign(approved, "department_head", "refuse", **how)
    assert (early.status_code, early.json()["code"]) == (409, "CLAIM_DECIDED")
    await city.deliver()
    one = await city.sign(approved, "department_head", "refuse", **how)
    assert (one.status_code, one.json()["status"]) == (201, "approved")
    same = await city.sign(approved, "department_head", "refuse", **how)
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    two = await city.sign(approved, "centre_leader", "refuse", **how)
    assert (two.status_code, two.json()["status"]) == (201, "refused")
    for refused in (True, False):
        await city.deliver()
        async with city.app.state.db.transaction() as tx:
            await outbox.send_again(tx, refused=refused)
    await city.deliver()
    async with city.app.state.db.transaction() as tx:
        assert await outbox.count_refused(tx) == 0
    assert await held(city, 7) == "100.00"
    again = (await file(city, "/v1/account-payments", payment_body(7))).json()
    assert again["total"] == "100.00"
    await pay(city, again)
    assert await held(city, 7) == "0.00"


async def test_a_district_transfers_only_its_own_people_and_no_pensioner(city: City) -> None:
    insure(city, 3)
    await credit(city, 3, "10.00", "medical")
    body = transfer_body(3, "00018", "medical") | {"documents": []}
    missing = await file(city, "/v1/outgoing-transfers", body)
    assert [one["code"] for one in missing.json()["errors"]] == ["DOCUMENT_MISSING"]
    other = await city.ask(
        "POST", "/v1/outgoing-transfers", body, role="district_clerk", district="nankai"
    )
    assert other.status_code == 403


async def test_a_cursor_with_no_possible_key_is_refused(office: Office) -> None:
    filters = {"list": "account_remainders", "district": None}
    for key in (["9" * 30, "0" * 32], [10**18 * 9 + 10**18, "0" * 32], [1, "x"]):
        answer = await office.ask(
            "GET",
            "/v1/account-remainders",
            role="department_head",
            cursor=write_cursor(key, filters),
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "CURSOR_INVALID")
    right = write_cursor([2**63 - 1, "0" * 32], filters)
    answer = await office.ask("GET", "/v1/account-remainders", role="department_head", cursor=right)
    assert answer.json()["items"] == []
