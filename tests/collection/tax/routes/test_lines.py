"""Tickets by their lines: each pays its own insurance and party, once, in whatever order it comes."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.collection.app import build
from services.collection.register.domain.person import id_of_person
from shared.cn.identity_number import masked
from shared.security.identity import Identity
from tests.collection.support.money import (
    LINES,
    TOTAL_FEN,
    Owed,
    connect,
    fetch,
    new_code,
    owe,
    push_of,
    pushed,
    ticket_line,
    ticket_no,
    vouchers,
    whole_bill,
)
from tests.collection.support.office import a_person
from tests.conftest import Bearer, ClientOf, SettingsFor


@pytest.fixture(scope="module")
async def api(settings_for: SettingsFor, client_of: ClientOf) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build(settings_for())) as client:
        yield client


async def settled(url: str, owed: Owed) -> list[int]:
    rows = await fetch(
        url,
        "SELECT settled_fen FROM bill_line WHERE unit_id = $1 AND bill_id = $2 ORDER BY line_no",
        owed.unit_id,
        owed.bill_id,
    )
    return [row["settled_fen"] for row in rows]


async def held(url: str, ticket: str) -> list[tuple[str, int]]:
    rows = await fetch(
        url,
        "SELECT tax_hold.reason, suspense.amount_fen - suspense.matched_fen AS fen"
        " FROM receipt JOIN tax_hold ON tax_hold.receipt_id = receipt.id"
        " JOIN suspense ON suspense.receipt_id = receipt.id WHERE starts_with(serial, $1)",
        ticket,
    )
    return [(row["reason"], row["fen"]) for row in rows]


async def test_a_ticket_pays_line_by_line_in_one_receipt_with_one_voucher(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    ticket = ticket_no()
    found = await pushed(api, bearer, push_of(whole_bill(ticket, owed.credit_code)))
    assert found["matched"] == len(LINES)
    assert await settled(database_url, owed) == [line[-1] for line in LINES]
    (voucher,) = [v for v in await vouchers(database_url) if v["owner"] == owed.credit_code]
    assert voucher["references"]["serial"] == ticket


async def test_a_line_pays_its_own_insurance_and_the_rest_of_it_is_held(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    lines = [
        ticket_line("A" + ticket_no(), 1, "medical.personal", owed.credit_code, 25_000),
        ticket_line("B" + ticket_no(), 1, "nobody.knows", owed.credit_code, 700),
        ticket_line("C" + ticket_no(), 1, "pension.unit", owed.credit_code, 5, period="2021-06"),
        ticket_line("D" + ticket_no(), 1, "pension.unit", new_code(), 9),
    ]
    found = await pushed(api, bearer, push_of(lines))
    assert (found["suspended"], found["allocated_amount"]) == (4, "200.00")
    assert await settled(database_url, owed) == [0, 0, 0, 20_000, 0, 0, 0, 0]
    assert [await held(database_url, line["serial"]) for line in lines] == [
        [("more_than_open", 5_000)],
        [("item_unknown", 700)],
        [("no_open_bill", 5)],
        [("payer_unknown", 9)],
    ]


async def test_overlapping_pushes_take_each_line_once(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    lines = whole_bill(ticket_no(), owed.credit_code)
    first = await pushed(api, bearer, push_of(lines[:5]))
    second = await pushed(api, bearer, push_of(lines[3:]))
    again = await pushed(api, bearer, push_of(lines))
    assert (first["matched"], second["matched"], second["replayed"]) == (5, 3, 2)
    assert again["replayed"] == len(lines)
    assert sum(await settled(database_url, owed)) == TOTAL_FEN
    other = [lines[0] | {"amount": "1.00"}, {**_whole(lines[0]), "amount": "7.00"}]
    refused = await pushed(api, bearer, push_of(other))
    assert [(one["line"], one["code"]) for one in refused["rejected"]] == [
        (1, "SERIAL_REUSED"),
        (None, "TICKET_IN_TWO_FORMS"),
    ]


def _whole(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("serial", "credit_code", "period", "paid_on")}


@pytest.mark.parametrize("refund_first", [False, True])
async def test_a_refund_opens_the_line_again_whenever_it_comes(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str, refund_first: bool
) -> None:
    (owed,) = await owe(database_url)
    ticket = ticket_no()
    lines = whole_bill(ticket, owed.credit_code)
    back = ticket_line(
        ticket_no(),
        1,
        "medical.unit",
        owed.credit_code,
        -40_000,
        refund_of={"serial": ticket, "line": 3, "reason": "误收"},
    )
    pushes = [push_of(lines), push_of([back])]
    for body in reversed(pushes) if refund_first else pushes:
        await pushed(api, bearer, body)
    expected = [line[-1] for line in LINES]
    expected[2] -= 40_000
    assert await settled(database_url, owed) == expected
    again = await pushed(api, bearer, push_of([back]))
    assert again["replayed"] == 1
    (change,) = await fetch(
        database_url,
        "SELECT reason, amount_fen FROM receipt_change WHERE serial = $1",
        f"{back['serial']}/1",
    )
    assert change == {"reason": "误收", "amount_fen": 40_000}


async def test_a_refund_of_more_than_its_line_waits_for_a_person(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    ticket = ticket_no()
    await pushed(api, bearer, push_of(whole_bill(ticket, owed.credit_code)))
    more = ticket_line(
        ticket_no(),
        1,
        "medical.unit",
        owed.credit_code,
        -100_001,
        refund_of={"serial": ticket, "line": 3, "reason": "误收"},
    )
    found = await pushed(api, bearer, push_of([more]))
    assert found["suspended"] == 1
    assert sum(await settled(database_url, owed)) == TOTAL_FEN


async def test_bad_lines_are_named_together(api: httpx.AsyncClient, bearer: Bearer) -> None:
    lines = [
        ticket_line(ticket_no(), 1, "pension.unit", None, 5),
        ticket_line(ticket_no(), 1, "pension.unit", new_code(), -5),
    ]
    headers = bearer("tax_bureau") | {"Idempotency-Key": ticket_no()}
    answer = await api.post("/v1/tax-pushes", json=push_of(lines), headers=headers)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 2


async def test_a_flexible_worker_pays_the_bill_of_the_unit_where_the_person_is_enrolled(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str, settings_for: SettingsFor
) -> None:
    (owed,) = await owe(database_url)
    number, stranger = a_person()["identity_number"], a_person()["identity_number"]
    person = id_of_person(number, Identity.load(settings_for().identity_path).pepper)
    db = await connect(database_url)
    await db.execute("UPDATE unit SET kind = 'flexible' WHERE unit_id = $1", owed.unit_id)
    await db.execute(
        "INSERT INTO enrolment (unit_id, person_id, joined_on, person_uuid, masked_number,"
        " masked_name) VALUES ($1, $2, '2020-01-01', gen_random_uuid(), 'm', 'n')",
        owed.unit_id,
        person,
    )
    await db.execute(
        "INSERT INTO person_unit (person_id, unit_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        person,
        owed.unit_id,
    )
    await db.close()
    lines = [
        ticket_line(ticket_no(), 1, "pension.personal", None, 80_000, identity_number=number),
        ticket_line(ticket_no(), 1, "pension.personal", None, 77, identity_number=stranger),
    ]
    found = await pushed(api, bearer, push_of(lines))
    assert (found["matched"], found["suspended"]) == (1, 1)
    assert (await settled(database_url, owed))[1] == 80_000
    assert await held(database_url, lines[1]["serial"]) == [("person_unknown", 77)]
    rows = await fetch(
        database_url, "SELECT payer FROM tax_line WHERE ticket = $1", lines[0]["serial"]
    )
    assert rows == [{"payer": masked(number)}]
    wrong = ticket_line(ticket_no(), 1, "pension.personal", None, 5, identity_number="1" * 18)
    headers = bearer("tax_bureau") | {"Idempotency-Key": ticket_no()}
    answer = await api.post("/v1/tax-pushes", json=push_of([wrong]), headers=headers)
    assert answer.status_code == 422
