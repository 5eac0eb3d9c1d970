"""Reports as known at an earlier moment."""

from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest

from tests.ledger.conftest import Ledger
from tests.ledger.support.making import receipt
from tests.ledger.support.reversing import reverse
from tests.ledger.support.year import collect, follow, post


async def report(year: Ledger, kind: str, **params: Any) -> dict[str, Any]:
    answer = await year.get(f"/v1/reports/{kind}", **params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_later_postings_do_not_change_an_earlier_moment(year: Ledger) -> None:
    """This includes backdated postings."""
    heads = (await year.get("/v1/chain")).json()["items"]
    then = ",".join(f"{one['slot']}:{one['seq']}" for one in heads)
    reports: dict[str, dict[str, Any]] = {
        "/v1/funds/balances": {"as_of": "2021-07-31"},
        "/v1/trial-balance": {"as_of": "2021-07-31"},
        "/v1/reports/balance-sheet": {"fund": "pension", "period": "2021-07"},
        "/v1/reports/income-statement": {"fund": "pension", "period": "2021"},
        "/v1/reports/general-ledger": {"fund": "pension", "period": "2021-07"},
    }
    before = {path: (await year.get(path, **params)).json() for path, params in reports.items()}
    late = await collect(year, "pension", "77.77", "2021-07-17", "binhai")
    for path, params in reports.items():
        assert (await year.get(path, **params)).json() != before[path]
        known = (await year.get(path, **params, known_at=then)).json()
        assert known == before[path], path
    await reverse(year, late["id"], book_date="2021-07-17")
    nothing = ",".join(f"{one['slot']}:0" for one in heads)
    empty = (await year.get("/v1/trial-balance", known_at=nothing)).json()
    assert empty["funds"] == []


@pytest.mark.parametrize(
    ("known_at", "status"),
    [
        ("x", 422),
        ("0:1", 422),
        ("0:1,0:1", 422),
        ("0:1,1:1,2:1,3:1,4:1", 422),
        ("0:-1,1:1,2:1,3:1", 422),
        ("cls_000000000000000000000000000000000000000000000000", 404),
        ("cls_x", 404),
    ],
)
async def test_malformed_moments_are_refused(year: Ledger, known_at: str, status: int) -> None:
    answer = await year.get("/v1/trial-balance", known_at=known_at)
    assert answer.status_code == status, answer.text


async def test_reports_are_read_as_of_an_anchored_day(year: Ledger) -> None:
    connection = await asyncpg.connect(year.url, server_settings={"search_path": "ledger"})
    await connection.execute(
        "INSERT INTO chain_anchor (slot, day, seq, hash)"
        " SELECT slot, '2030-01-01', seq, hash FROM slot_head"
    )
    await connection.close()
    before = (await year.get("/v1/trial-balance", as_of="2021-12-31")).json()
    await post(year, receipt("5.00", book_date="2021-11-19"))
    parameters = {"as_of": "2021-12-31", "known_at": "2030-01-01"}
    assert (await follow(year, f"/v1/trial-balance?{urlencode(parameters)}")).json() == before
    for day, status in (("2030-01-02", 404), ("2030-02-30", 422)):
        assert (await year.get("/v1/trial-balance", known_at=day)).status_code == status


async def test_reports_are_read_as_of_a_closing(closed_year: Ledger) -> None:
    closings = (await closed_year.get("/v1/closings", level="month", limit=500)).json()["items"]
    july = next(one for one in closings if one["period"] == "2021-07")
    sheet = await report(
        closed_year, "balance-sheet", fund="pension", period="2021", known_at=july["id"]
    )
    assert sheet["balanced"] is True
    # The carry-over of 2020 was known then, that of 2021 was not.
    assert [line["name"] for line in sheet["net_assets"]["lines"]] == [
        "一般基金结余",
        "本年收支结余(未结转)",
    ]
    statement = await report(
        closed_year, "income-statement", fund="pension", period="2021", known_at=july["id"]
    )
    assert (statement["foots"], statement["of_year"]["surplus"]) == (True, "39300.00")
