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


@pytest.mark.parametrize("file_format", ["iso20022", "gbk_xml:icbc", "csv"])
async def test_payments_are_answered_in_every_format(
    sandbox: httpx.AsyncClient, services: FakeServices, file_format: str
) -> None:
    payment = {name: "0.2" for name in ("refused", "unknown", "late", "twice", "returned")}
    script = {"debit": {"refused": "0"}, "payment": payment, "payment_formats": [file_format]}
    await sandbox.put("/v1/script", json=script)
    services.add_batch("d1", 60, period="2021-07", debit_date="2021-07-20")
    await work_off(sandbox, "debit")
    for payer, payee in (("income", "fiscal"), ("fiscal", "expenditure")):
        order = {"reference": payee, "payer": payer, "payee": payee, "amount": "5000.00"}
        await sandbox.post("/v1/bank/transfers", json=order | {"day": "2021-07-31"})
    services.files.clear()
    services.add_batch("p1", 40, fund="pension", pay_date="2021-08-05", status="ready")
    await work_off(sandbox, "payment")
    assert services.files == [], "nothing goes as JSON"
    results = _results(services, file_format, OrderKind.PAYMENT)
    assert {one.file_no for one in results} == {"P20210805-p1"}
    assert {one.line_no for one in results} == set(range(1, 41))
    assert {one.outcome for one in results} == set(BankOutcome)


async def work_off(sandbox: httpx.AsyncClient, trade: str) -> None:
    for _ in range(10):
        done = (await sandbox.post(f"/v1/bank/{trade}-batches")).json()
        for serial in done["unknown"]:
            await sandbox.get(f"/v1/bank/transfers/{serial}")
        if not done["waiting"]:
            return


def _results(
    services: FakeServices, bank: str, kind: OrderKind = OrderKind.DEBIT
) -> list[BankResult]:
    adapter = bank_format(FORMATS.get(bank, bank))
    found: list[BankResult] = []
    for of_bank, _, content in services.bank_files:
        assert of_bank == bank
        found += adapter.parse_acknowledgement(BytesIO(content), kind).results
    return found
