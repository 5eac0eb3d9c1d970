"""Seed 000: 80 % of the small payments succeed; the report says so, with the rows behind it."""

from shared.money import format_yuan
from tests.collection.debits.routes.conftest import DebitDesk
from tests.collection.support.money import TOTAL_FEN, owe

SPAN = {"from": "2022-09-01", "to": "2022-09-30"}


async def test_the_rate_is_reported_by_bank_unit_and_reason(desk: DebitDesk) -> None:
    owed = await owe(desk.url, count=11, collector="bank_debit", period="2022-09")
    made = await desk.batch("2022-09")
    results = [
        {
            "line": number,
            "outcome": "settled" if number <= 8 else "refused",
            "bank_serial": f"SR-{number}",
            "amount": format_yuan(TOTAL_FEN),
            "value_date": "2022-09-28",
        }
        | ({"reason_code": "RJ03" if number == 9 else "X9"} if number > 8 else {})
        for number in range(1, 11)
    ]
    body = {"batch": made["id"], "results": results}
    await desk.done("bank_gateway", "/v1/debit-results", body)
    by_bank = await desk.get("centre_cashier", "/v1/debit-success", **SPAN)
    (city,) = by_bank["items"]
    assert (city["key"], city["lines"], city["open"], city["rate"]) == ("city", 11, 1, "0.8000")
    assert city["settled_amount"] == format_yuan(8 * TOTAL_FEN)
    by_reason = await desk.get("centre_cashier", "/v1/debit-success", by="reason", **SPAN)
    counted = {one["key"]: one["refused"] for one in by_reason["items"]}
    assert counted == {":": 0, ":X9": 1, "insufficient_funds:RJ03": 1}
    units = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = await desk.get(
            "centre_cashier", "/v1/debit-success", by="unit", limit=4, **SPAN, **more
        )
        units += [one["key"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert units == sorted(one.credit_code for one in owed)
    rows = await desk.get(
        "centre_cashier", "/v1/debit-lines", reason_class="insufficient_funds", **SPAN
    )
    assert [(one["batch"], one["status"]) for one in rows["items"]] == [(made["id"], "refused")]
    every = await desk.get("centre_cashier", "/v1/debit-lines", limit=6, **SPAN)
    rest = await desk.get(
        "centre_cashier", "/v1/debit-lines", limit=6, cursor=every["next_cursor"], **SPAN
    )
    assert len(every["items"]) + len(rest["items"]) == 11
