"""The bank adjustment table and the four agreements: each agrees, and each shows differences."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from shared.roles import Role
from tests.coordinator import quietly
from tests.ledger.conftest import Ledger
from tests.ledger.support.checkpoints import write_checkpoints
from tests.ledger.support.reversing import reverse
from tests.ledger.support.year import close, collect, new_ledger, play, suspend


@pytest.fixture
async def ledger(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as running:
        yield running


def line(serial: str, day: str, amount: str, **more: str) -> dict[str, str]:
    return {"serial": serial, "value_date": day, "amount": amount} | more


async def adjust(ledger: Ledger, balance: str, lines: list[dict[str, str]], **more: Any) -> Any:
    body = {
        "account": "income_deposit",
        "from_day": "2021-07-01",
        "as_of": "2021-07-31",
        "bank_balance": balance,
        "lines": lines,
    } | more
    answer = await ledger.post("/v1/reports/bank-adjustments", body, Role.FUND_ACCOUNTANT)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_items_in_transit_explain_the_two_balances(ledger: Ledger) -> None:
    """Books 100 + 50 + 8 − 150 = 8; bank 100 + 50 + 20 − 150 − 1.50 = 18.50."""
    await collect(ledger, "pension", "100.00", "2021-07-10")
    await suspend(ledger, "50.00", "2021-07-12", "rcp_9")
    await ledger.settle("sweep", "2021-07-20")
    late = await collect(ledger, "medical", "8.00", "2021-07-31", "nankai")
    table = await adjust(
        ledger,
        "18.50",
        [
            line("B1", "2021-07-09", "100.00"),
            line("S-rcp_9", "2021-07-12", "50.00"),
            line("B3", "2021-07-21", "-150.00"),
            line("B4", "2021-07-30", "20.00"),
            line("B5", "2021-07-31", "-1.50", summary="手续费"),
        ],
    )
    assert (table["book_balance"], table["bank_balance"]) == ("8.00", "18.50")
    assert [(x["serial"], x["amount"]) for x in table["bank_received"]] == [("B4", "20.00")]
    assert [(x["serial"], x["amount"]) for x in table["bank_paid"]] == [("B5", "-1.50")]
    assert [(x["voucher"], x["amount"]) for x in table["book_received"]] == [(late["id"], "8.00")]
    assert table["book_paid"] == []
    assert (table["adjusted_book_balance"], table["adjusted_bank_balance"]) == ("26.50", "26.50")
    assert (table["difference"], table["agrees"]) == ("0.00", True)
    assert [one["by"] for one in table["matched"]] == ["serial", "amount", "amount"]


async def test_an_unexplained_difference_is_shown(ledger: Ledger) -> None:
    await collect(ledger, "pension", "100.00", "2021-07-10")
    table = await adjust(ledger, "99.00", [line("B1", "2021-07-10", "100.00")])
    assert (table["difference"], table["agrees"]) == ("1.00", False)


async def test_days_too_far_apart_are_not_the_same_money(ledger: Ledger) -> None:
    await collect(ledger, "pension", "100.00", "2021-07-01")
    table = await adjust(ledger, "100.00", [line("B1", "2021-07-20", "100.00")], tolerance_days=5)
    assert (len(table["bank_received"]), len(table["book_received"])) == (1, 1)
    assert table["agrees"] is True


async def test_several_lines_of_one_paper_are_one_voucher(ledger: Ledger) -> None:
    posted = await suspend(ledger, "60.00", "2021-07-12", "rcp_7")
    lines = [line(f"B{i}", "2021-07-12", "20.00", paper="rcp_7") for i in range(3)]
    table = await adjust(ledger, "60.00", lines)
    assert [(one["serials"], one["vouchers"]) for one in table["matched"]] == [
        (["B0", "B1", "B2"], [posted["id"]])
    ]


async def test_a_voucher_and_its_reversal_are_not_in_transit(ledger: Ledger) -> None:
    posted = await collect(ledger, "pension", "100.00", "2021-07-10")
    await reverse(ledger, posted["id"], book_date="2021-07-11")
    table = await adjust(ledger, "0.00", [])
    assert (table["book_received"], table["book_paid"], table["agrees"]) == ([], [], True)


async def test_only_deposit_accounts_have_a_bank(ledger: Ledger) -> None:
    body = {
        "account": "general_surplus",
        "from_day": "2021-07-01",
        "as_of": "2021-07-31",
        "bank_balance": "0.00",
        "lines": [],
    }
    answer = await ledger.post("/v1/reports/bank-adjustments", body, Role.FUND_ACCOUNTANT)
    assert answer.status_code == 422
    assert [fault["code"] for fault in answer.json()["errors"]] == ["ACCOUNT_NOT_A_DEPOSIT"]
    turned = body | {"account": "income_deposit", "from_day": "2021-08-01"}
    answer = await ledger.post("/v1/reports/bank-adjustments", turned, Role.FUND_ACCOUNTANT)
    assert answer.status_code == 422


BANKS = [
    {"account": "fiscal_deposit", "fund": "pension", "balance": "32000.50"},
    {"account": "fiscal_deposit", "fund": "medical", "balance": "1100.00"},
    {"account": "expenditure_deposit", "balance": "7704.08"},
]


async def agreements(ledger: Ledger, period: str, banks: list[dict[str, str]]) -> dict[str, Any]:
    body = {"period": period, "banks": banks}
    answer = await ledger.post("/v1/reports/four-agreements", body, Role.SUPERVISOR)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_four_agreements_hold_every_month_and_after_the_year_is_closed(
    ledger: Ledger,
) -> None:
    await play(ledger)
    july = await agreements(ledger, "2021-07", BANKS)
    assert [(one["key"], one["agrees"]) for one in july["agreements"]] == [
        ("bank", True),
        ("voucher", True),
        ("ledger", True),
        ("report", True),
    ]
    assert all(one["checked"] >= 3 for one in july["agreements"])
    await close(ledger, "month", "2020-12")
    await close(ledger, "year", "2020")
    for month in range(1, 13):
        await close(ledger, "month", f"2021-{month:02d}")
    await close(ledger, "year", "2021")
    banks = [
        {"account": "fiscal_deposit", "balance": "33200.00"},
        {"account": "expenditure_deposit", "balance": "7749.75"},
    ]
    for period in ("2021-12", "2021"):
        assert (await agreements(ledger, period, banks))["agrees"] is True
    for how in ("csv", "xlsx", "html"):
        answer = await ledger.client.post(
            f"/v1/reports/four-agreements?format={how}",
            json={"period": "2021", "banks": banks},
            headers=ledger.bearer(Role.SUPERVISOR),
        )
        assert answer.status_code == 200


async def test_the_banks_figure_may_differ_be_in_transit_or_be_missing(ledger: Ledger) -> None:
    await play(ledger)
    wrong = [BANKS[0] | {"balance": "32000.49"}, *BANKS[1:]]
    found = await agreements(ledger, "2021-07", wrong)
    first = found["agreements"][0]
    assert (found["agrees"], first["agrees"]) == (False, False)
    assert (first["evidence"][0]["difference"], first["evidence"][0]["fund"]) == ("0.01", "pension")
    explained = [BANKS[0] | {"balance": "31000.50", "in_transit": "1000.00"}, *BANKS[1:]]
    assert (await agreements(ledger, "2021-07", explained))["agrees"] is True
    silent = (await agreements(ledger, "2021-07", BANKS[:2]))["agreements"][0]
    assert {one["fund"] for one in silent["evidence"] if not one["agrees"]} == {
        "pension",
        "medical",
    }


HOSPITAL = (
    "UPDATE {0} SET {1} FROM place WHERE place.place = {0}.place AND account = 'benefit.hospital'"
)


@pytest.mark.parametrize(
    ("damage", "which"),
    [
        (HOSPITAL.format("place_day", "debit_fen = debit_fen + 1"), "ledger"),
        (
            "UPDATE voucher SET book_date = '2021-07-23' FROM entry WHERE voucher.slot = entry.slot"
            " AND voucher.seq = entry.seq AND account = 'benefit.hospital'",
            "voucher",
        ),
        (
            "DELETE FROM voucher USING entry WHERE voucher.slot = entry.slot"
            " AND voucher.seq = entry.seq AND account = 'benefit.hospital'",
            "voucher",
        ),
        (HOSPITAL.format("place_postings", "nets_fen = nets_fen[1:0] || 7::bigint"), "voucher"),
        (HOSPITAL.format("place_day", "debit_fen = debit_fen + 1"), "report"),
    ],
)
async def test_damage_is_detected(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
    damage: str,
    which: str,
) -> None:
    async with new_ledger(
        server_url, template, settings_for, client_of, bearer, sound=False
    ) as ledger:
        await play(ledger)
        await write_checkpoints(ledger.url)
        connection = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
        assert not (await quietly(connection, damage)).endswith(" 0")
        await connection.close()
        found = await agreements(ledger, "2021-07", BANKS)
        assert which in {one["key"] for one in found["agreements"] if not one["agrees"]}
