"""Every receipt of a month is verified or listed; a district's score has its papers behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.collection.app import build
from tests.collection.reconciliation.reckoning import TREASURY, Desk
from tests.collection.support.money import TOTAL_FEN, owe
from tests.conftest import Bearer, ClientOf, SettingsFor

DAY = "2021-07-20"


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Desk]:
    async with client_of(build(settings_for())) as client:
        yield Desk(client, bearer, database_url)


async def get(desk: Desk, path: str, **query: Any) -> dict[str, Any]:
    answer = await desk.api.get(path, params=query, headers=desk.bearer("supervisor"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_every_receipt_is_verified_or_listed(desk: Desk, database_url: str) -> None:
    (own,) = await owe(database_url)
    (other,) = await owe(database_url, district="nankai")
    await desk.push(
        [
            ("right", own.credit_code, TOTAL_FEN),
            ("less", other.credit_code, 1_000),
            ("missing", other.credit_code, 2_000),
        ]
    )
    report = await get(desk, "/v1/receipt-verification", period="2021-07")
    assert (report["whole"]["waiting"], report["whole"]["verification_rate"]) == (3, "0.0000")
    await desk.upload([(DAY, TOTAL_FEN, "right"), (DAY, 900, "less")], DAY, "2021-07-21")
    await desk.run(DAY)
    report = await get(desk, "/v1/receipt-verification", period="2021-07")
    whole = report["whole"]
    assert (whole["receipts"], whole["verified"], whole["listed"], whole["waiting"]) == (3, 1, 2, 0)
    assert whole["verification_rate"] == "1.0000"
    assert (whole["wrong"], whole["corrected"], whole["correction_rate"]) == (2, 0, "0.0000")
    nankai = report["districts"][1]
    assert (nankai["district"], nankai["arrived"], nankai["arrival_rate"]) == (
        "nankai",
        "9.00",
        "0.3000",
    )
    listed = await get(
        desk, "/v1/receipt-verification/receipts", account=TREASURY, period="2021-07"
    )
    kinds = {one["serial"]: one["kind"] for one in listed["items"]}
    assert kinds == {"less": "amount_differs", "missing": "list_not_statement"}


async def test_a_score_has_its_papers_behind_it(desk: Desk) -> None:
    found = await get(desk, "/v1/district-scores", period="2021-07")
    heping, nankai = found["districts"]
    assert (heping["arrival_rate"], heping["accuracy_rate"]) == ("1.0000", "1.0000")
    assert (nankai["arrived"], nankai["right"], nankai["receipts"]) == ("30.00", 1, 2)
    assert found["whole"]["summaries"] == 0
    for measure, papers in (("arrival", 1), ("accuracy", 1), ("timeliness", 0)):
        rows = await get(
            desk, "/v1/district-scores/rows", period="2021-07", measure=measure, short="true"
        )
        assert len(rows["items"]) == papers, measure
    own = await desk.api.get(
        "/v1/district-scores",
        params={"period": "2021-07"},
        headers=desk.bearer("district_reviewer", "heping"),
    )
    assert [one["district"] for one in own.json()["districts"]] == ["heping"]
