"""A push by file: judged whole, taken in pieces, once, whatever happens in between."""

from typing import Any

import httpx
import pytest

from services.collection.tax.jobs import push_file as push_file_job
from shared.money import format_yuan
from tests.collection.support.doors.push_file import announced, csv, ended, ndjson, sent
from tests.collection.support.money import (
    LINES,
    TOTAL_FEN,
    fetch,
    owe,
    push_of,
    ticket_no,
    whole_bill,
)
from tests.collection.support.office import Office


@pytest.fixture(scope="module")
def api(office: Office) -> httpx.AsyncClient:
    office.api.headers.update(office.bearer("tax_bureau"))
    return office.api


@pytest.mark.parametrize("form", [ndjson, csv])
async def test_a_file_is_taken_in_pieces_and_tells_the_result_of_every_line(
    api: httpx.AsyncClient,
    office: Office,
    database_url: str,
    form: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(push_file_job, "PIECE", 10)
    owed = await owe(database_url, count=5)
    lines = [line for one in owed for line in whole_bill(ticket_no(), one.credit_code)]
    query = announced(lines)
    found = await ended(office, await sent(office, form(lines), query))
    assert found["result"]["matched"] == len(lines), found
    assert found["progress"] == {"done": len(lines), "total": len(lines)}
    status = (await api.get(f"/v1/tax-push-files/{query['push_no']}")).json()
    assert (status["done"], status["allocated_amount"]) == (40, format_yuan(5 * TOTAL_FEN))
    results = await api.get(f"/v1/tax-push-files/{query['push_no']}/results")
    rows = results.text.lstrip("\ufeff").split()
    assert len(rows) == 1 + len(lines)
    assert all(row.endswith(",matched,,") for row in rows[1:])
    settled = await fetch(
        database_url,
        "SELECT sum(settled_fen)::bigint AS fen FROM bill WHERE unit_id = ANY($1)",
        [one.unit_id for one in owed],
    )
    assert settled == [{"fen": 5 * TOTAL_FEN}]
    again = await ended(office, await sent(office, form(lines), query))
    assert again["id"] == found["id"]
    other = await ended(office, await sent(office, form(lines), announced(lines)))
    assert other["result"]["replayed"] == len(lines)


async def test_a_killed_worker_goes_on_where_the_last_piece_ended(
    api: httpx.AsyncClient,
    office: Office,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(push_file_job, "PIECE", 8)
    owed = await owe(database_url, count=4)
    lines = [line for one in owed for line in whole_bill(ticket_no(), one.credit_code)]
    query = announced(lines)
    take_piece = push_file_job.push_file_flow.take_piece
    killed: list[int] = []

    async def killing(tx: Any, *, first: int, **more: Any) -> None:
        await take_piece(tx, first=first, **more)
        if first == 16 and not killed:
            killed.append(first)
            raise RuntimeError("killed before the piece is committed")

    monkeypatch.setattr(push_file_job.push_file_flow, "take_piece", killing)
    monkeypatch.setattr("services.collection.operation.store.HOLD_SECONDS", 0)
    found = await ended(office, await sent(office, ndjson(lines), query))
    assert (killed, found["result"]["matched"]) == ([16], len(lines))
    rows = await fetch(
        database_url,
        "SELECT count(*) AS receipts, sum(amount_fen)::bigint AS fen FROM receipt WHERE paper = $1",
        query["push_no"],
    )
    assert rows == [{"receipts": 4, "fen": 4 * TOTAL_FEN}]


async def test_faults_and_other_totals_leave_nothing(
    api: httpx.AsyncClient, office: Office, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    lines = whole_bill(ticket_no(), owed.credit_code)
    bad = [*lines[:2], lines[2] | {"amount": "1e3"}, lines[3] | {"period": "2021-13"}]
    cases = [
        (ndjson(bad), announced(lines[:4]), "FILE_HAS_FAULTS", 2),
        (ndjson(lines), announced(lines, control_total="1.00"), "CONTROL_TOTALS_DIFFER", 1),
        (ndjson(lines), announced(lines[:3]), "CONTROL_TOTALS_DIFFER", 2),
        (b"a,b\r\n1,2\r\n", announced(lines), "HEADER_WRONG", 1),
    ]
    for content, query, code, faults in cases:
        found = await ended(office, await sent(office, content, query))
        assert (found["error"]["code"], found["error"]["faults"]) == (code, faults)
    (bill,) = await fetch(database_url, "SELECT settled_fen FROM bill WHERE id = $1", owed.bill_id)
    assert bill == {"settled_fen": 0}


async def test_an_envelope_takes_no_more_than_it_announced(
    api: httpx.AsyncClient, office: Office, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    lines = whole_bill(ticket_no(), owed.credit_code)
    number = ticket_no()
    whole = {
        "envelope_no": number,
        "envelope_count": len(LINES),
        "envelope_total": format_yuan(TOTAL_FEN),
    }
    first = announced(lines[:5], **whole)
    for _ in range(2):
        await ended(office, await sent(office, ndjson(lines[:5]), first))
    more = await sent(office, ndjson(lines[:4]), announced(lines[:4], **whole))
    assert (more.status_code, more.json()["code"]) == (422, "ENVELOPE_EXCEEDED")
    other = await sent(
        office, ndjson(lines[5:]), announced(lines[5:], **whole | {"envelope_count": 9})
    )
    assert (other.status_code, other.json()["code"]) == (409, "ENVELOPE_DIFFERS")
    body = push_of(lines[5:]) | {
        "envelope": {"envelope_no": number, "count": 8, "total": format_yuan(TOTAL_FEN)}
    }
    answer = await api.post("/v1/tax-pushes", json=body, headers={"Idempotency-Key": number})
    assert answer.json()["matched"] == 3
    found = (await api.get(f"/v1/tax-envelopes/{number}")).json()
    assert (found["pushes"], found["complete"]) == (2, True)
