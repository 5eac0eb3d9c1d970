"""Paid contributions of an insurance for a year, and the heads of a unit, for payout."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.collection.app import build
from tests.collection.support.debtors import PENSION, Debtors
from tests.collection.support.money import Owed, connect
from tests.conftest import Bearer, ClientOf, SettingsFor

JOBLESS = ("unemployment", "unit", "pooled", "unemployment", 700_00)
OWN = ("unemployment", "personal", "pooled", "unemployment", 300_00)


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


async def ask(api: httpx.AsyncClient, bearer: Bearer, code: str, role: str) -> httpx.Response:
    return await api.get(
        f"/v1/units/{code}/paid-year",
        params={"insurance": "unemployment", "year": 2021},
        headers=bearer(role),
    )


async def cover(url: str, owed: Owed, *spans: tuple[date, date | None]) -> None:
    """Cover one person for each span at a unit."""
    db = await connect(url)
    try:
        for number, (joined, left) in enumerate(spans, start=1):
            await db.execute(
                "INSERT INTO enrolment (unit_id, person_id, joined_on, left_on, person_uuid,"
                " masked_number, masked_name) VALUES ($1, $2, $3, $4, gen_random_uuid(), '', '')",
                owed.unit_id,
                number,
                joined,
                left,
            )
    finally:
        await db.close()


async def give_back(url: str, owed: Owed, fen: int) -> None:
    """Store a credit of a restated month, as a restatement does."""
    db = await connect(url)
    values: dict[str, Any] = {
        "unit_id": owed.unit_id,
        "id": uuid4(),
        "declaration_id": uuid4(),
        "credit_code": owed.credit_code,
        "district": "heping",
        "period": owed.period,
        "insurance": "unemployment",
        "party": "unit",
        "account": "pooled",
        "fund": "unemployment",
        "amount_fen": fen,
        "granted_on": date(2021, 9, 1),
    }
    marks = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    try:
        await db.execute("SET session_replication_role = replica")
        await db.execute(
            f"INSERT INTO credit ({', '.join(values)}) VALUES ({marks})", *values.values()
        )
    finally:
        await db.close()


async def test_paid_months_and_heads_of_a_year_are_told_to_payout_alone(office: Debtors) -> None:
    july = await office.owe(PENSION, JOBLESS, OWN)
    code = [july.credit_code]
    august = await office.owe(JOBLESS, codes=code, period="2021-08", due_on="2021-09-25")
    await office.owe(JOBLESS, codes=code, period="2020-12", due_on="2021-01-25")
    await office.pay(july, july.total_fen, "2021-08-20")
    await office.pay(august, 100_00, "2021-09-20")
    await give_back(office.url, july, 50_00)
    await cover(
        office.url,
        july,
        (date(2019, 1, 1), None),
        (date(2020, 6, 1), date(2021, 6, 30)),
        (date(2021, 12, 31), None),
    )
    answer = await ask(office.api, office.bearer, july.credit_code, "payout_service")
    assert answer.json() == {
        "credit_code": july.credit_code,
        "district": "heping",
        "insurance": "unemployment",
        "year": 2021,
        "paid": "1050.00",
        "paid_months": 1,
        "heads_before": 2,
        "heads_after": 2,
        "head_months": 12 + 6 + 1,
    }
    refused = await ask(office.api, office.bearer, july.credit_code, "district_clerk")
    assert refused.status_code == 403
    unknown = await ask(office.api, office.bearer, "91120101MA00000006", "payout_service")
    assert unknown.status_code == 404
