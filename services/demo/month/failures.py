"""The script of a month: the same share of failures of every kind, and the banks that it is played by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from services.demo.city import City, Size, build
from services.demo.collecting import Play

BANKS: Final = ("city", "icbc", "ccb", "boc")
"""Banks that debit, one for each format: JSON, GBK XML, ISO 20022, CSV."""
_CSV_BANK: Final = {
    "name": "中国银行",
    "format": "csv",
    "own_account": "0302000000000000004",
    "own_name": "社会保险基金收入户",
    "own_id": "SHEBAO",
    "reason": "新增代扣银行",
}


def city_of(units: int, seed: int) -> City:
    """Return a city of so many units, whose debits are divided over the banks."""
    size = Size(units=units, people=max(300, units * 5), pensioners=units, seed=seed)
    city = build(size)
    with_banks = [
        replace(unit, debit_bank=BANKS[number % len(BANKS)])
        for number, unit in enumerate(city.units)
    ]
    return replace(city, units=tuple(with_banks))


def script(seed: int, percent: int, *, orderly: bool = False) -> dict[str, Any]:
    """Return the sandbox's script; the orderly one has the same ends, told at once and once."""
    rate = f"{percent / 100:.2f}"
    rough = "0" if orderly else rate
    telling = {"unknown": rough, "late": rough, "twice": rough}
    return {
        "seed": seed,
        "debit": {"refused": rate, "returned": rate, **telling},
        "payment": {"refused": rate, "returned": rate, **telling},
        "tax": {
            "unpaid": rate,
            "partial": rate,
            "unbilled": rate,
            "unlisted": rate,
            "undelivered": rate,
            "repeated": rough,
        },
        "statement": {"missing": rate, "late": rate, "twice": rate, "extra": rate},
        "delivery": {"lost_replies": rough, "reordered": rough},
        "payment_formats": ["iso20022", "gbk_xml:icbc", "csv", "json"],
        "misregistered": 1,
        "lines_per_file": 10,
    }


async def open_csv_bank(play: Play) -> None:
    """File the bank that exchanges CSV, by two people."""
    path = f"/v1/bank-profiles/{BANKS[-1]}/corrections"
    filed = await play.office.post("fund_accountant", "collection", path, _CSV_BANK)
    path = f"/v1/bank-profile-corrections/{filed['id']}/approvals"
    await play.office.post("department_head", "collection", path)
