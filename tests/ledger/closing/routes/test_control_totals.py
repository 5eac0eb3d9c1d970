"""Closings compare control totals of business with the books, and the books with themselves."""

from collections.abc import Callable
from datetime import date
from typing import Any

import asyncpg

from services.ledger.closing.domain.closing import REMEDIES
from services.ledger.closing.domain.errors import (
    BusinessNotBooks,
    TrialBalanceNotZero,
)
from shared.money import format_yuan, parse_yuan
from shared.wire.closing import control_hash
from tests.ledger.conftest import Ledger
from tests.ledger.support.checkpoints import write_checkpoints
from tests.ledger.support.making import fresh
from tests.ledger.support.year import (
    bill,
    close,
    collect,
    control,
    new_ledger,
    pay,
    play,
    propose,
)


def codes(answer: Any) -> set[str]:
    return {fault["code"] for fault in answer.json()["errors"]}


async def test_business_and_books_must_agree_per_fund(ledger: Ledger) -> None:
    await bill(ledger, "pension", "100.00", "2021-07-05")
    await collect(ledger, "pension", "60.00", "2021-07-15")
    wrong = {
        "funds": {
            "pension": {"receivable": "40.01", "collected": "60.00"},
            "medical": {"receivable": "0.00", "collected": "5.00"},
        }
    }
    refused = await propose(ledger, "day", "2021-07-15", control=wrong)
    assert (refused.status_code, refused.json()["code"]) == (409, "BUSINESS_NOT_BOOKS")
    find_out = REMEDIES[BusinessNotBooks]
    assert [(f["pointer"], f["message"]) for f in refused.json()["errors"]] == [
        ("/control/funds/medical/collected", f"business=5.00, books=0.00 · {find_out}"),
        ("/control/funds/pension/receivable", f"business=40.01, books=40.00 · {find_out}"),
    ]
    absent = await propose(ledger, "day", "2021-07-15", control={"funds": {}})
    assert codes(absent) == {"BUSINESS_NOT_BOOKS"}
    none = await propose(ledger, "day", "2021-07-15", control=None)
    assert (none.status_code, none.json()["code"]) == (422, "CONTROL_TOTALS_EXPECTED")
    right = {"funds": {"pension": {"receivable": "40.00", "collected": "60.00"}}}
    assert (await propose(ledger, "day", "2021-07-15", control=right)).status_code == 201


async def test_paid_benefits_must_agree_with_the_books(ledger: Ledger) -> None:
    await ledger.fund_expenditure("500.00")
    await pay(ledger, "pension", "benefit.basic_pension", "300.00", "2021-07-15")
    right = await control(ledger, "2021-07-31")
    assert right["funds"]["pension"]["benefits"] == "300.00"
    for benefits, code in [("299.99", "BUSINESS_NOT_BOOKS"), (None, "CONTROL_TOTALS_EXPECTED")]:
        funds = right["funds"] | {"pension": right["funds"]["pension"] | {"benefits": benefits}}
        refused = await propose(ledger, "day", "2021-07-31", control={"funds": funds})
        assert refused.json()["code"] == code
        assert [f["pointer"] for f in refused.json()["errors"]] == [
            "/control/funds/pension/benefits"
        ]
    assert (await propose(ledger, "day", "2021-07-31", control=right)).status_code == 201


async def test_differences_of_personal_accounts_must_be_explained(ledger: Ledger) -> None:
    personal = "contribution_income.personal_account"
    await collect(ledger, "pension", "100.00", "2021-07-15", account=personal)
    body = {
        "bills": [
            {
                "bill": fresh("bill"),
                "period": "2021-07",
                "settled_on": "2021-07-16",
                "credits": [
                    {"person": f"per_{1:016x}{1:032x}", "fund": "pension", "amount": "60.00"}
                ],
            }
        ]
    }
    assert (await ledger.post("/v1/personal-credits", body)).json()["credited"] == 1
    right = await control(ledger, "2021-07-31")
    own = right["funds"]["pension"]
    assert own["personal"] == {"received": "100.00", "credited": "60.00", "part_paid": "40.00"}

    async def faults_of(personal: Any) -> list[tuple[str, str]]:
        funds = right["funds"] | {"pension": own | {"personal": personal}}
        answer = await propose(ledger, "month", "2021-07", control={"funds": funds})
        return [(f["pointer"], f["code"]) for f in answer.json().get("errors", [])]

    at = "/control/funds/pension/personal"
    await ledger.settle("sweep", "2021-07-28")
    assert await faults_of(None) == [(at, "PERSONAL_UNEXPLAINED")]
    assert await faults_of(own["personal"] | {"part_paid": "39.99"}) == [
        (at, "PERSONAL_UNEXPLAINED")
    ]
    assert await faults_of(own["personal"] | {"received": "99.00", "credited": "59.00"}) == [
        (f"{at}/received", "BUSINESS_NOT_BOOKS"),
        (f"{at}/credited", "BUSINESS_NOT_BOOKS"),
    ]
    parts = {
        "part_paid": "25.00",
        "in_delivery": "10.00",
        "standing_credits": "3.00",
        "unnamed": "2.00",
    }
    funds = right["funds"] | {"pension": own | {"personal": own["personal"] | parts}}
    done = await close(ledger, "month", "2021-07", control={"funds": funds})
    assert done["control"]["pension"]["personal"] == own["personal"] | parts
    read = (await ledger.get(f"/v1/closings/{done['id']}")).json()
    assert read["control"] == done["control"], "the paper says why they differed"


async def test_a_month_is_not_closed_over_a_difference_of_three_totals(ledger: Ledger) -> None:
    await bill(ledger, "pension", "100.00", "2021-07-05")
    await collect(ledger, "pension", "60.00", "2021-07-15")
    await ledger.settle("sweep", "2021-07-28")
    right = await control(ledger, "2021-07-31")
    items = right["funds"]["pension"]["items"]
    opening = {"business": "0.00", "statistics": "0.00"}
    assert items["levied"] == {"business": "100.00", "statistics": "100.00", "opening": opening}
    books = (await ledger.get("/v1/closing-totals", as_of="2021-07-31")).json()["funds"]["pension"]
    assert (books["levied"], books["collected"]) == ("100.00", "60.00")
    wrong = items | {
        "levied": {"business": "100.00", "statistics": "99.99"},
        "collected": {"business": "60.01", "statistics": "60.00"},
    }
    funds = right["funds"] | {"pension": right["funds"]["pension"] | {"items": wrong}}
    refused = await propose(ledger, "month", "2021-07", control={"funds": funds})
    assert (refused.status_code, refused.json()["code"]) == (409, "THREE_TOTALS_DIFFER")
    assert {
        fault["pointer"]: fault["message"].split(" · ")[0] for fault in refused.json()["errors"]
    } == {
        "/control/funds/pension/items/levied": "business=100.00, books=100.00, statistics=99.99",
        "/control/funds/pension/items/collected": "business=60.01, books=60.00, statistics=60.00",
    }
    # The books are the third: a receipt that business does not know stops the month too.
    await collect(ledger, "pension", "1.00", "2021-07-20")
    await ledger.settle("sweep", "2021-07-28")
    refused = await propose(ledger, "month", "2021-07", control=right)
    assert "THREE_TOTALS_DIFFER" in codes(refused)
    done = await close(ledger, "month", "2021-07")
    assert done["control"]["pension"]["items"]["collected"] == {
        "business": "61.00",
        "statistics": "61.00",
        "opening": opening,
    }


async def test_control_totals_must_match_their_hash_and_day(ledger: Ledger) -> None:
    await bill(ledger, "pension", "100.00", "2021-07-05")
    funds = {"pension": {"receivable": "100.00", "collected": "0.00"}}
    hashed = {"pension": {"receivable": 100_00}}
    day = date(2021, 7, 15)
    right = {
        "collection": control_hash("collection", day, hashed),
        "payout": control_hash("payout", day, {}),
    }
    wrong = {
        "collection": control_hash("collection", date(2021, 7, 14), hashed),
        "payout": control_hash("payout", day, {"pension": {"benefits": 1}}),
    }
    refused = await propose(ledger, "day", "2021-07-15", control={"funds": funds, "hashes": wrong})
    assert (refused.status_code, refused.json()["code"]) == (422, "CONTROL_HASH_DIFFERS")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [
        "/control/hashes/collection",
        "/control/hashes/payout",
    ]
    done = await propose(ledger, "day", "2021-07-15", control={"funds": funds, "hashes": right})
    assert done.status_code == 201, done.text


async def test_carried_over_years_count_once_in_control_totals(ledger: Ledger) -> None:
    """After a year end income and benefits are in the surplus; business still counts all years."""
    await play(ledger)
    for month in range(7, 13):
        await close(ledger, "month", f"2021-{month:02d}")
    before = await control(ledger, "2021-12-31")
    assert (await close(ledger, "year", "2021"))["carried"]
    await pay(ledger, "pension", "benefit.basic_pension", "1.00", "2022-01-10")
    after = before["funds"]["pension"]
    paid = format_yuan(parse_yuan(after["benefits"]) + 100)
    funds = before["funds"] | {"pension": after | {"benefits": paid}}
    done = await propose(ledger, "day", "2022-01-10", control={"funds": funds})
    assert done.status_code == 201, done.text


async def test_damaged_books_are_not_closed(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> None:
    async with new_ledger(
        server_url, template, settings_for, client_of, bearer, sound=False
    ) as broken:
        await collect(broken, "pension", "10.00", "2021-07-15")
        right = await control(broken, "2021-07-31")
        admin = await asyncpg.connect(broken.url, server_settings={"search_path": "ledger"})
        await write_checkpoints(broken.url)
        await admin.execute(
            "UPDATE place_day SET credit_fen = credit_fen + 1 FROM place"
            " WHERE place.place = place_day.place AND book = 'statutory'"
            " AND account LIKE 'contribution_income%'"
        )
        await admin.close()
        refused = await propose(broken, "day", "2021-07-31", control=right)
        assert (refused.status_code, refused.json()["code"]) == (409, "TRIAL_BALANCE_NOT_ZERO")
        [fault] = refused.json()["errors"]
        assert fault["message"] == f"pension/statutory: -0.01 · {REMEDIES[TrialBalanceNotZero]}"
        early = await propose(broken, "day", "2021-07-14", control={"funds": {}})
        assert early.status_code == 201, "the books of the day before are whole"
