"""Months of payment capacity (可支付月数) that a county published, calculated from the books."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.money import format_yuan, parse_yuan
from tests.ledger.conftest import Ledger
from tests.ledger.support.year import bill, collect, new_ledger, pay

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "months_of_capacity.json").read_text(encoding="utf-8")
)["months_of_capacity"]
FUNDS = (
    ("pension", "benefit.basic_pension"),
    ("unemployment", "benefit.unemployment"),
    ("medical", "benefit.hospital"),
    ("work_injury", "benefit.work_injury"),
)
"""Each case lives in a fund of its own, so that one year serves them all."""


def wan(amount: str) -> str:
    """Convert ten thousands to yuan: "37519.11" to "375191100.00"."""
    return format_yuan(parse_yuan(amount) * 10_000)


@pytest.fixture(scope="module")
async def year(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Book a year in which each fund paid and kept the published amounts."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        for case, (fund, _) in zip(CASES, FUNDS, strict=False):
            whole = parse_yuan(wan(case["accumulated_wan"])) + parse_yuan(
                wan(case["year_payout_wan"])
            )
            await bill(ledger, fund, format_yuan(whole), "2020-01-02")
            await collect(ledger, fund, format_yuan(whole), "2020-01-05")
        await ledger.settle("sweep", "2020-01-31")
        amounts = [
            {"fund": fund, "amount": wan(case["year_payout_wan"])}
            for case, (fund, _) in zip(CASES, FUNDS, strict=False)
        ]
        await ledger.settle("expenditure_funding", "2020-01-31", amounts=amounts)
        for case, (fund, benefit) in zip(CASES, FUNDS, strict=False):
            await pay(ledger, fund, benefit, wan(case["year_payout_wan"]), "2020-02-15")
        yield ledger


async def test_the_published_months_come_out_of_the_books(year: Ledger) -> None:
    body = (await year.get("/v1/measures/capacity", as_of="2020-12-31")).json()
    found = {one["fund"]: one for one in body["funds"]}
    for case, (fund, _) in zip(CASES, FUNDS, strict=False):
        assert found[fund]["accumulated"] == wan(case["accumulated_wan"])
        assert found[fund]["year_payout"] == wan(case["year_payout_wan"])
        assert found[fund]["months"] == case["months"], case["id"]
