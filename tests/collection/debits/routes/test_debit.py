"""Debit batches: made once, answered late, twice and in any order; no bill is debited twice."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import count

import asyncpg
import httpx
import pytest

from services.collection.app import build
from shared.money import format_yuan
from tests.collection.support.money import (
    DAY,
    TOTAL_FEN,
    Owed,
    connect,
    fetch,
    owe,
    state,
    vouchers,
)
from tests.conftest import Bearer, ClientOf, SettingsFor

keys = count(1)
periods = (f"{year}-{month:02d}" for year in (2021, 2022, 2023) for month in range(1, 13))


@dataclass
class Office:
    """The cashier's and the bank gateway's ways in."""

    client: httpx.AsyncClient
    bearer: Bearer
    url: str

    async def post(self, role: str, path: str, body: dict, district: str = "centre"):
        headers = self.bearer(role, district) | {"Idempotency-Key": f"d-{next(keys)}"}
        return await self.client.post(path, json=body, headers=headers)

    async def get(self, role: str, path: str, **params: object):
        return await self.client.get(path, params=params, headers=self.bearer(role))

    async def batch(self, period: str, *, day: int = 28) -> dict:
        body = {"period": period, "debit_date": f"{period}-{day}"}
        answer = await self.post("centre_cashier", "/v1/debit-batches", body)
        assert answer.status_code == 201, answer.text
        made: dict = answer.json()
        return made

    async def lines(self, batch: str, role: str = "bank_gateway", limit: int = 500) -> list[dict]:
        items: list[dict] = []
        cursor = None
        while True:
            params = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = (await self.get(role, f"/v1/debit-batches/{batch}/lines", **params)).json()
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def say(self, batch: str, *results: dict, bank: str | None = None) -> dict:
        body = {"batch": batch, "bank": bank, "results": list(results)}
        answer = await self.post("bank_gateway", "/v1/debit-results", body)
        assert answer.status_code == 200, answer.text
        heard: dict = answer.json()
        assert len(results) == (
            sum(heard[word] for word in ("settled", "refused", "unknown", "replayed"))
            + len(heard["rejected"])
        )
        return heard


def result(line: int, outcome: str = "settled", **other: object) -> dict:
    return {
        "line": line,
        "outcome": outcome,
        "bank_serial": f"B{next(keys)}",
        "amount": format_yuan(TOTAL_FEN),
        "value_date": DAY,
    } | other


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Office]:
    async with client_of(build(settings_for())) as client:
        yield Office(client, bearer, database_url)


@pytest.fixture
async def period() -> str:
    """A period of its own for each test."""
    return next(periods)


async def owing(office: Office, period: str, number: int) -> tuple[dict, list[Owed]]:
    owed = await owe(office.url, count=number, collector="bank_debit", period=period)
    return await office.batch(period), owed


async def test_a_batch_holds_the_open_bills_of_units_that_pay_by_debit(
    office: Office, period: str
) -> None:
    await owe(office.url, count=2, collector="tax", period=period)
    await owe(office.url, count=1, collector="bank_debit", period=period, bank=False)
    made, _ = await owing(office, period, 3)
    assert made["control"] == {"lines": 3, "total": format_yuan(3 * TOTAL_FEN)}
    assert (made["status"], made["without_account"]) == ("created", 1)
    lines = await office.lines(made["id"], limit=2)
    assert [line["line"] for line in lines] == [1, 2, 3]
    assert lines[0]["bank_account"]["number"] == "6222020302001234567"
    masked = await office.lines(made["id"], role="supervisor")
    assert masked[0]["bank_account"]["number"] == "****4567"
    shown = (await office.get("supervisor", f"/v1/debit-batches/{made['id']}")).json()
    assert shown == {name: value for name, value in made.items() if name != "without_account"}
    listed = (await office.get("bank_gateway", "/v1/debit-batches", period=period)).json()
    assert [batch["id"] for batch in listed["items"]] == [made["id"]]


async def test_no_bill_is_in_two_live_batches_even_when_two_are_made_at_once(
    office: Office, period: str
) -> None:
    await owe(office.url, count=40, collector="bank_debit", period=period)
    body = {"period": period, "debit_date": f"{period}-28"}
    answers = await asyncio.gather(
        *(office.post("centre_cashier", "/v1/debit-batches", body) for _ in range(3))
    )
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert sum(batch["control"]["lines"] for batch in made) == 40
    refused = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert refused <= {"NOTHING_TO_DEBIT"}
    rows = await fetch(office.url, "SELECT count(*) FROM debit_line WHERE period = $1", period)
    assert rows == [{"count": 40}]


async def test_the_database_itself_refuses_a_second_live_line(office: Office, period: str) -> None:
    _, (owed, *_) = await owing(office, period, 1)
    db = await connect(office.url)
    try:
        with pytest.raises(asyncpg.UniqueViolationError, match="debit_line_one_live_a_bill"):
            await db.execute(
                "INSERT INTO debit_line (unit_id, batch_id, line_no, bill_id, credit_code, period,"
                " name, bank, amount_fen)"
                " SELECT unit_id, gen_random_uuid(), 1, bill_id, credit_code, period, name, bank, 1"
                " FROM debit_line WHERE bill_id = $1",
                owed.bill_id,
            )
    finally:
        await db.close()


async def test_answers_settle_bills_and_close_the_batch(office: Office, period: str) -> None:
    made, owed = await owing(office, period, 3)
    first = await office.say(made["id"], result(1), result(2, "unknown"))
    assert (first["settled"], first["unknown"]) == (1, 1)
    second = await office.say(
        made["id"],
        result(2),
        result(
            3,
            "refused",
            reason_code="RJ03",
            reason="账户余额不足",
            value_date=f"{period}-28",
        ),
    )
    assert (second["settled"], second["refused"]) == (1, 1)
    shown = (await office.get("centre_cashier", f"/v1/debit-batches/{made['id']}")).json()
    assert (shown["status"], shown["settled"]["lines"], shown["waiting"]["lines"]) == (
        "closed",
        2,
        0,
    )
    line = (await office.lines(made["id"]))[2]
    assert (line["status"], line["reason_class"]) == ("refused", "insufficient_funds")
    rows = await fetch(
        office.url,
        "SELECT status FROM bill WHERE kind = 'contribution' AND period = $1 ORDER BY credit_code",
        period,
    )
    assert [row["status"] for row in rows] == ["settled", "settled", "open"]
    booked = [v for v in await vouchers(office.url, kinds=["receipt"]) if v["period"] == period]
    assert {v["references"]["channel"] for v in booked} == {"bank_debit"}
    assert {
        e["account"]
        for v in booked
        for e in v["entries"]
        if e["book"] == "statutory" and e["side"] == "debit"
    } == {"income_deposit"}
    again = await office.batch(period, day=30)
    assert again["control"]["lines"] == 1, "what was refused may be debited again on a later day"
    assert {o.credit_code for o in owed} >= {
        line["credit_code"] for line in await office.lines(again["id"])
    }


async def test_hearing_the_same_again_in_any_order_changes_nothing(
    office: Office, period: str
) -> None:
    made, _ = await owing(office, period, 6)
    story = [result(number) for number in (1, 2, 3)]
    story += [result(number, "refused", reason_code="RJ02") for number in (4, 5)]
    story += [{**one, "outcome": "unknown"} for one in story]
    await office.say(made["id"], *story)
    before = await state(office.url)
    for seed in range(3):
        random.Random(seed).shuffle(story)
        assert (await office.say(made["id"], *story))["replayed"] == len(story)
    assert await state(office.url) == before


async def test_what_contradicts_a_final_word_is_rejected_and_written_down(
    office: Office, period: str
) -> None:
    made, _ = await owing(office, period, 2)
    used = result(1)
    await office.say(made["id"], used, result(2, "refused", reason_code="RJ01"))
    before = await state(office.url)
    heard = await office.say(
        made["id"],
        result(1, "refused"),
        result(1),
        result(2),
        result(9),
        result(1, "settled", bank_serial=used["bank_serial"], amount="1.00"),
    )
    assert [(one["line"], one["code"]) for one in heard["rejected"]] == [
        (1, "OUTCOME_CONTRADICTED"),
        (1, "SETTLED_UNDER_ANOTHER_SERIAL"),
        (2, "OUTCOME_CONTRADICTED"),
        (9, "LINE_UNKNOWN"),
        (1, "AMOUNT_DIFFERS"),
    ]
    assert await state(office.url) == before
    rows = await fetch(
        office.url,
        "SELECT detail ->> 'rejected_count' AS n FROM trail"
        " WHERE paper = 'debit_batch' AND step = 'results_reported' ORDER BY at DESC LIMIT 1",
    )
    assert rows == [{"n": "5"}]


async def test_a_serial_of_another_receipt_settles_nothing(office: Office, period: str) -> None:
    made, _ = await owing(office, period, 2)
    used = result(1)
    await office.say(made["id"], used)
    heard = await office.say(made["id"], result(2, bank_serial=used["bank_serial"]))
    assert [one["code"] for one in heard["rejected"]] == ["SERIAL_REUSED"]
    assert [line["status"] for line in await office.lines(made["id"])] == ["settled", "waiting"]


async def test_two_banks_may_use_the_same_serial(office: Office, period: str) -> None:
    made, _ = await owing(office, period, 3)
    used = result(1)
    assert (await office.say(made["id"], used, bank="icbc"))["settled"] == 1
    of_another = result(2, bank_serial=used["bank_serial"])
    assert (await office.say(made["id"], of_another, bank="abc"))["settled"] == 1
    again = result(3, bank_serial=used["bank_serial"])
    heard = await office.say(made["id"], again, bank="abc")
    assert [one["code"] for one in heard["rejected"]] == ["SERIAL_REUSED"]
    # Who hears it again, without the bank's name, has heard it.
    assert (await office.say(made["id"], used))["replayed"] == 1


async def test_files_of_one_batch_at_the_same_moment_are_heard_in_turn(
    office: Office, period: str
) -> None:
    made, _ = await owing(office, period, 20)
    results = [result(number) for number in range(1, 21)]
    files: Sequence[list[dict]] = [results, results[::-1], results[:10], results[10:]]
    heard = await asyncio.gather(*(office.say(made["id"], *file) for file in files))
    assert sum(one["settled"] for one in heard) == 20
    assert sum(one["replayed"] for one in heard) == 40
    rows = await fetch(
        office.url,
        "SELECT DISTINCT settled_fen FROM bill WHERE kind = 'contribution' AND period = $1",
        period,
    )
    assert rows == [{"settled_fen": TOTAL_FEN}]


async def test_a_debit_of_a_bill_that_tax_has_settled_meanwhile_goes_to_suspense(
    office: Office, period: str
) -> None:
    from tests.collection.support.money import line, push

    made, (owed,) = await owing(office, period, 1)
    body = push(
        f"meanwhile-{period}",
        [line(f"M-{period}", owed.credit_code, period=period, paid_on="2021-07-19")],
    )
    assert (await office.post("tax_bureau", "/v1/tax-pushes", body)).json()["matched"] == 1
    assert (await office.say(made["id"], result(1)))["settled"] == 1
    receipts = (
        await office.get("fund_accountant", "/v1/receipts", status="suspended", limit=500)
    ).json()["items"]
    (mine,) = [one for one in receipts if one["credit_code"] == owed.credit_code]
    assert (mine["channel"], mine["suspended"]) == ("bank_debit", format_yuan(TOTAL_FEN))


async def test_district_people_have_no_business_with_debits(office: Office, period: str) -> None:
    made, _ = await owing(office, period, 1)
    body = {"period": period, "debit_date": DAY}
    for role in ("district_clerk", "district_reviewer"):
        answer = await office.post(role, "/v1/debit-batches", body, district="heping")
        assert answer.status_code == 403
        for path in ("", f"/{made['id']}", f"/{made['id']}/lines"):
            answer = await office.client.get(
                f"/v1/debit-batches{path}", headers=office.bearer(role, "heping")
            )
            assert answer.status_code == 403
    for role in ("bank_gateway", "supervisor", "fund_accountant"):
        assert (await office.post(role, "/v1/debit-batches", body)).status_code == 403
    body = {"batch": made["id"], "results": [result(1)]}
    assert (await office.post("centre_cashier", "/v1/debit-results", body)).status_code == 403


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"debit_date": "2099-01-01"}, 422),
        ({"debit_date": "99999-01-01"}, 422),
        ({"period": "2021-7"}, 422),
        ({"period": None}, 422),
        ({"extra": 1}, 422),
    ],
)
async def test_a_hostile_batch_is_named_and_refused(
    office: Office, change: dict, status: int
) -> None:
    body = {"period": "2021-07", "debit_date": DAY} | change
    answer = await office.post("centre_cashier", "/v1/debit-batches", body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"line": 0}, 422),
        ({"line": 2**70}, 422),
        ({"line": True}, 422),
        ({"outcome": "paid"}, 422),
        ({"bank_serial": "'; DROP"}, 422),
        ({"amount": "1e9"}, 422),
        ({"amount": "99999999999.99"}, 200),
        ({"amount": "9999999999999.99"}, 422),
        ({"value_date": "1989-12-31"}, 422),
        ({"value_date": "2099-12-31"}, 422),
    ],
)
async def test_a_hostile_result_is_named_and_refused(
    office: Office, period: str, change: dict, status: int
) -> None:
    made, _ = await owing(office, period, 1)
    body = {"batch": made["id"], "results": [result(1) | change]}
    assert (await office.post("bank_gateway", "/v1/debit-results", body)).status_code == status
    for batch in ("", "dbt_", "x" * 80, made["id"][:-1] + "g", "dbt_" + "0" * 48):
        answer = await office.post("bank_gateway", "/v1/debit-results", body | {"batch": batch})
        assert answer.status_code in {404, 422}


async def test_cursors_are_not_to_be_played_with(office: Office, period: str) -> None:
    made, _ = await owing(office, period, 3)
    path = f"/v1/debit-batches/{made['id']}/lines"
    cursor = (await office.get("bank_gateway", path, limit=1)).json()["next_cursor"]
    for other in (cursor[:-4], "WzFd", "💥", cursor):
        answer = await office.get("bank_gateway", "/v1/debit-batches", cursor=other)
        assert answer.json()["code"] == "CURSOR_INVALID"
