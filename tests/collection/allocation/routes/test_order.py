"""Money pays in the order that the policy of its booking day names."""

from copy import deepcopy
from typing import Any

import pytest

from services.collection.common.store import shipped as common_shipped_store
from shared.money import parse_yuan
from tests.collection.support.money import Owed, fetch, line, owe, push, vouchers
from tests.collection.support.office import Office
from tests.collection.support.policies import publish

ORDERS = {
    "2022-01-01": {"order": "oldest_first"},
    "2022-07-01": {"order": "pro_rata"},
    "2023-01-01": {
        "order": "insurance_order",
        "insurances": ["medical", "maternity", "pension", "unemployment", "work_injury"],
    },
}
LINES = (
    ("pension", "unit", "pooled", "pension", 1600),
    ("pension", "personal", "personal_account", "pension", 800),
    ("medical", "unit", "pooled", "medical", 1000),
)


@pytest.fixture(scope="module", autouse=True)
async def policies(office: Office) -> None:
    shipped_pack = next(
        pack for pack in common_shipped_store.packs() if pack["pack"] == "tianjin-2021"
    )
    for day, order in ORDERS.items():
        pack = deepcopy(shipped_pack) | {"pack": f"tianjin-{day}", "in_force_from": day}
        pack["allocation"] |= order
        await publish(office, pack)


async def two_months(url: str) -> tuple[Owed, Owed]:
    (june,) = await owe(url, period="2021-06", lines=LINES, due_on="2030-01-01")
    (july,) = await owe(
        url, period="2021-07", codes=[june.credit_code], lines=LINES, due_on="2030-01-01"
    )
    return june, july


async def settled(url: str, owed: Owed) -> list[int]:
    rows = await fetch(
        url,
        "SELECT settled_fen FROM bill_line WHERE unit_id = $1 AND bill_id = $2 ORDER BY line_no",
        owed.unit_id,
        owed.bill_id,
    )
    return [row["settled_fen"] for row in rows]


async def pay(office: Office, owed: Owed, fen: int, day: str, serial: str) -> dict[str, Any]:
    body = push(
        f"push-{serial}",
        [line(serial, owed.credit_code, fen, "2021-07", paid_on=day)],
        collected_on=day,
    )
    answer = await office.post("tax_bureau", "/v1/tax-pushes", body, key=f"key-{serial}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("day", "june", "july"),
    [
        ("2021-08-01", [0, 0, 0], [1600, 800, 1000]),  # one ticket: the month that it names
        ("2022-02-01", [1600, 800, 1000], [282, 141, 177]),  # the oldest first
        ("2022-08-01", [941, 471, 588], [941, 471, 588]),  # both alike
        ("2023-02-01", [0, 0, 0], [1600, 800, 1000]),  # by insurance, in the month that it names
    ],
)
async def test_more_than_one_bill_goes_by_the_order_of_the_day(
    office: Office, day: str, june: list[int], july: list[int]
) -> None:
    url = office.database_url
    first, second = await two_months(url)
    found = await pay(office, first, 4000, day, f"more-{day}")
    assert (await settled(url, first), await settled(url, second)) == (june, july)
    assert found["suspended"] == (0 if any(june) else 1)
    mine = [
        one for one in await vouchers(url, kinds=["receipt"]) if one["owner"] == first.credit_code
    ]
    # One voucher a receipt, whichever bills it reached; the ledger holds what they got.
    (voucher,) = mine
    collected = [
        parse_yuan(entry["amount"])
        for entry in voucher["entries"]
        if (entry["account"], entry["side"]) == ("memo_collected", "debit")
    ]
    assert sum(collected) == sum(june) + sum(july)


async def test_a_part_payment_fills_insurance_by_insurance(office: Office) -> None:
    url = office.database_url
    first, second = await two_months(url)
    await pay(office, first, 1300, "2023-02-01", "part-1")
    assert await settled(url, second) == [200, 100, 1000]
    await pay(office, first, 1050, "2023-02-02", "part-2")
    assert await settled(url, second) == [900, 450, 1000]
