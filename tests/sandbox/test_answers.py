"""The sandbox bank answers each bank in its format, and the adapters read what it writes."""

from io import BytesIO
from typing import Any

import httpx
import pytest

from shared.bank_files.formats import bank_format
from shared.bank_files.values import BankOutcome, BankResult, OrderKind
from tests.sandbox.conftest import FakeServices

FORMATS = {"ccb": "iso20022", "icbc": "gbk_xml:icbc", "boc": "csv"}
NUMBER = "D20210720-0a1b2c3d4e5f"
ROUGH: dict[str, Any] = {
    "seed": 3,
    "debit": {"refused": "0.2", "unknown": "0.2", "late": "0.3", "twice": "0.3"},
    "lines_per_file": 20,
}


@pytest.mark.parametrize("bank", FORMATS)
async def test_answers_are_files_of_the_bank(
    sandbox: httpx.AsyncClient, services: FakeServices, bank: str
) -> None:
    await sandbox.put("/v1/script", json=ROUGH)
    services.add_batch(
        "b1", 60, period="2021-07", debit_date="2021-07-20", bank=bank, file_no=NUMBER
    )
    for _ in range(10):
        done = (await sandbox.post("/v1/bank/debit-batches")).json()
        for serial in done["unknown"]:
            await sandbox.get(f"/v1/bank/transfers/{serial}")
        if not done["waiting"]:
            break
    settled = next(one for one in _results(services, bank) if one.outcome is BankOutcome.SETTLED)
    order = {"serial": settled.serial, "day": "2021-07-22"}
    returned = await sandbox.post("/v1/bank/debit-returns", json=order)
    assert returned.status_code < 300, returned.text
    await sandbox.post("/v1/bank/debit-batches")
    results = _results(services, bank)
    assert services.files == [], "nothing goes as JSON"
    assert {one.file_no for one in results} == {NUMBER}
    final = {one.line_no for one in results if one.outcome is not BankOutcome.UNKNOWN}
    assert final == set(range(1, 61))
    assert {one.outcome for one in results} == set(BankOutcome)
    assert [one.serial for one in results if one.outcome is BankOutcome.RETURNED] == [
        settled.serial
    ]


def _results(services: FakeServices, bank: str) -> list[BankResult]:
    adapter = bank_format(FORMATS[bank])
    found: list[BankResult] = []
    for of_bank, _, content in services.bank_files:
        assert of_bank == bank
        found += adapter.parse_acknowledgement(BytesIO(content), OrderKind.DEBIT).results
    return found
