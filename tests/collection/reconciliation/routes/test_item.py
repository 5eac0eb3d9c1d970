"""Every kind of difference is found, handled by people, cleared by facts, and reopened by others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.collection.app import build
from services.collection.reconciliation.domain.movement import BookMovement
from tests.collection.reconciliation.reckoning import TREASURY, Desk
from tests.collection.support.money import connect, owe
from tests.conftest import Bearer, ClientOf, SettingsFor

DAY, NEXT, THIRD = "2021-07-20", "2021-07-21", "2021-07-22"


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Desk]:
    async with client_of(build(settings_for())) as client:
        yield Desk(client, bearer, database_url)


def by_hand(seq: int, day: str, fen: int, mark: str) -> BookMovement:
    """A voucher that is not of a receipt."""
    return BookMovement(
        account=TREASURY,
        slot=9,
        seq=seq,
        day=date.fromisoformat(day),
        value_day=date.fromisoformat(day),
        amount_fen=fen,
        mark=mark,
        paper=None,
        of_receipt=False,
        kind="settlement",
        summary="划转",
    )


async def test_every_kind_is_found_and_a_repeat_finds_the_same(
    desk: Desk, database_url: str
) -> None:
    owed = await owe(database_url, count=2)
    unit = owed[0].credit_code
    codes = {name: unit for name in ("fine", "twice", "less", "missing", "late")}
    await desk.push([(name, code, 10_000) for name, code in codes.items()])
    await desk.push([("ticket", unit, 3_000), ("ticket/2", unit, 2_000)])
    await desk.move([by_hand(1, DAY, -700, "swept"), by_hand(2, DAY, -900, "unseen")])
    uploaded = await desk.upload(
        [
            (DAY, 10_000, "fine"),
            (DAY, 5_000, "ticket"),
            (DAY, 10_000, "twice"),
            (DAY, 10_000, "twice"),
            (DAY, 9_000, "less"),
            (DAY, 5_000, "stranger"),
            (DAY, -300, "charged"),
            (DAY, -700, "T-of-the-bank"),
        ],
        DAY,
    )
    assert uploaded.status_code == 201, uploaded.text
    assert (await desk.upload([], NEXT)).status_code == 201
    assert (await desk.upload([(THIRD, 10_000, "late")], THIRD)).status_code == 201
    run = await desk.run(DAY)
    assert await desk.kinds() == {
        "twice": "duplicate",
        "less": "amount_differs",
        "stranger": "statement_not_list",
        "charged": "statement_not_books",
        "missing": "list_not_statement",
        "unseen": "books_not_statement",
        "late": "wrong_day",
    }
    assert (run["found"], run["changed"], run["cleared"]) == (7, 7, 0)
    again = await desk.run(DAY)
    assert (again["found"], again["changed"], again["cleared"]) == (7, 0, 0)
    amounts = {one["subject"]: one["amount"] for one in await desk.items()}
    assert (amounts["twice"], amounts["less"], amounts["missing"]) == (
        "100.00",
        "-10.00",
        "-100.00",
    )


async def test_two_people_settle_where_money_moves(desk: Desk) -> None:
    items = {one["subject"]: one for one in await desk.items()}
    less = items["less"]["id"]
    assert (await desk.step(less, "assignments", "fund_accountant", owner="li")).json()[
        "owner"
    ] == "li"
    settling = {"reason": "bank_corrects", "note": "银行错记,次日更正"}
    proposed = await desk.step(less, "settlings", "fund_accountant", **settling)
    assert proposed.json()["status"] == "proposed"
    same = await desk.api.post(
        f"/v1/reconciliation-items/{less}/approvals",
        headers=desk.bearer("department_head", subject="fund_accountant"),
    )
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    refused = await desk.step(less, "refusals", "department_head", why="未见更正")
    assert refused.json()["status"] == "open"
    await desk.step(less, "settlings", "fund_accountant", **settling)
    approved = await desk.step(less, "approvals", "department_head")
    assert (approved.json()["status"], approved.json()["settled_by"]) == (
        "settled",
        "department_head",
    )
    late = items["late"]["id"]
    unfit = await desk.step(
        late, "settlings", "fund_accountant", reason="payer_confirmed", note="x"
    )
    assert unfit.json()["code"] == "REASON_DOES_NOT_FIT"
    settled = await desk.step(
        late, "settlings", "fund_accountant", reason="day_accepted", note="国库延迟一日"
    )
    assert settled.json()["status"] == "settled"
    conflict = await desk.step(late, "approvals", "department_head")
    assert conflict.json()["code"] == "RECONCILIATION_ITEM_NOT_OPEN"
    got = await desk.api.get(
        f"/v1/reconciliation-items/{less}", headers=desk.bearer("fund_accountant")
    )
    assert got.json()["remedy"]
    trail = await desk.api.get(
        f"/v1/reconciliation-items/{less}/trail", headers=desk.bearer("supervisor")
    )
    steps = [one["step"] for one in trail.json()["items"]]
    assert steps == ["assign", "propose", "refuse", "propose", "approve"]
    run = await desk.run(DAY)
    assert run["changed"] == 0, "settled items stay settled while their facts stay"


async def test_facts_clear_an_item_and_others_reopen_it(desk: Desk) -> None:
    await desk.upload([("2021-07-23", 1_000, "less")], "2021-07-23")
    run = await desk.run(DAY)
    assert run["cleared"] == 1
    assert "less" not in await desk.kinds()
    await desk.upload([("2021-07-24", 500, "less")], "2021-07-24")
    await desk.run(DAY)
    items = {one["subject"]: one for one in await desk.items()}
    assert (items["less"]["status"], items["less"]["reason"]) == ("open", None)
    assert items["late"]["status"] == "settled"


async def test_money_from_another_units_account_is_told(desk: Desk, database_url: str) -> None:
    payer, other = await owe(database_url, bank=False, count=2)
    await desk.push([("paid-by-other", payer.credit_code, 4_000)])
    number = "6222020302009999999"
    await desk.upload([("2021-07-25", 4_000, "paid-by-other", number)], "2021-07-25")
    db = await connect(database_url)
    await db.execute(
        "INSERT INTO payer_account (payer_key, unit_id, credit_code, confirmed_by)"
        " SELECT counter_mark, $1, $2, 'li' FROM bank_statement_line"
        " WHERE serial = 'paid-by-other'",
        other.unit_id,
        other.credit_code,
    )
    await db.close()
    await desk.run(DAY)
    assert (await desk.kinds())["paid-by-other"] == "wrong_payer"


async def test_returns_are_found_under_the_banks_serial_or_paired(
    desk: Desk, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    # The tax bureau gives a ticket of two lines back: its refund is one ticket too.
    names = {
        "bounced": ("bounced", 1_234),
        "sent-back": ("bank-serial", 2_345),
        "levied": ("refund", 300),
        "levied/2": ("refund/2", 200),
    }
    await desk.push([(name, owed.credit_code, fen) for name, (_, fen) in names.items()])
    for name, (serial, _) in names.items():
        listed = await desk.api.get(
            "/v1/receipts", params={"limit": 500}, headers=desk.bearer("fund_accountant")
        )
        receipt = next(one["id"] for one in listed.json()["items"] if one["serial"] == name)
        body = {
            "returned_on": NEXT,
            "bank_serial": serial,
            "reason": "退票",
            "document": "银行通知",
        }
        path = f"/v1/receipts/{receipt}/returns"
        filed = await desk.api.post(path, json=body, headers=desk.bearer("fund_accountant"))
        assert filed.status_code == 201, filed.text
        approved = await desk.api.post(
            f"/v1/receipt-returns/{filed.json()['id']}/approvals",
            json={"decided_on": THIRD},
            headers=desk.bearer("department_head") | {"Idempotency-Key": f"return-{name}"},
        )
        assert approved.status_code == 201, approved.text
    await desk.book()
    before = await desk.kinds()
    last = "2021-07-26"
    await desk.upload(
        [
            (last, 1_234, "bounced"),
            (last, -1_234, "of-the-bank"),
            (last, 2_345, "sent-back"),
            (last, -2_345, "bank-serial"),
            (last, 500, "levied"),
            (last, -500, "refund"),
            (last, 77, "of-others"),
            (last, -77, "of-others"),
        ],
        last,
    )
    await desk.run(DAY)
    found = {name: kind for name, kind in (await desk.kinds()).items() if name not in before}
    # All of it came days late; nothing else is wrong with it.
    assert set(found.values()) <= {"wrong_day"}, found


async def test_a_closing_is_told_what_is_open(desk: Desk) -> None:
    async def control(as_of: str) -> dict:
        found = await desk.api.get(
            "/v1/closing-control",
            params={"as_of": as_of},
            headers=desk.bearer("fund_accountant"),
        )
        return dict(found.json())

    before = await control("2021-07-25")
    assert before["reconciliation"] == []
    await desk.expect(expected_from=DAY)
    after = await control("2021-07-25")
    assert after["hash"] != before["hash"]
    ((one),) = after["reconciliation"]
    assert one["account"] == TREASURY
    assert (one["open_items"] > 0, one["missing_days"], one["unmatched_days"]) == (True, 0, 6)
    await desk.run()
    (one,) = (await control("2021-07-27"))["reconciliation"]
    assert (one["missing_days"], one["unmatched_days"]) == (1, 0)


async def test_every_fen_of_every_receipt_is_in_one_part(desk: Desk) -> None:
    proof = await desk.api.get("/v1/receipt-parts", headers=desk.bearer("fund_accountant"))
    assert proof.status_code == 200, proof.text
    (tax,) = proof.json()["channels"]
    assert proof.json()["ties"]
    assert (tax["receipts"], tax["amount"], tax["wrong"]) == (12, "630.79", 0)
    rows = await desk.api.get(
        "/v1/receipt-parts/receipts",
        params={"part": "allocated"},
        headers=desk.bearer("fund_accountant"),
    )
    assert len(rows.json()["items"]) == 8, "two were returned"
