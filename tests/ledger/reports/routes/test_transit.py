"""Money in transit over HTTP."""

from tests.ledger.conftest import Ledger
from tests.ledger.support.year import collect


async def test_balances_in_transit_show_their_days_and_later_receipts(
    books: Ledger,
) -> None:
    await collect(books, "pension", "10.00", "2021-07-05")
    await books.settle("sweep", "2021-07-06")
    await collect(books, "pension", "20.00", "2021-07-20")
    await collect(books, "pension", "5.00", "2021-07-28", "nankai", channel="treasury_deposit")
    await collect(books, "pension", "7.00", "2021-08-02")
    report = (await books.get("/v1/in-transit", cut_off="2021-07-31")).json()
    assert report["total"] == "25.00"
    assert [
        (i["account"], i["district"], i["amount"], i["since"], i["days"], i["later"])
        for i in report["items"]
    ] == [
        ("income_deposit", "heping", "20.00", "2021-07-20", 11, "7.00"),
        ("treasury_deposit", "nankai", "5.00", "2021-07-28", 3, "0.00"),
    ]
    assert report["month_end"] == {
        "day": "2021-07-31",
        "is_zero": False,
        "left": {"pension": "20.00"},
    }
    await books.settle("sweep", "2021-07-31")
    await books.settle("treasury_remit", "2021-07-31")
    after = (await books.get("/v1/in-transit", cut_off="2021-07-31")).json()
    assert (after["total"], after["month_end"]["is_zero"]) == ("0.00", True)
    assert [(i["amount"], i["later"]) for i in after["items"]] == [("0.00", "7.00")]
    earlier = (await books.get("/v1/in-transit", cut_off="2021-07-10")).json()
    assert earlier["month_end"]["day"] == "2021-06-30"
