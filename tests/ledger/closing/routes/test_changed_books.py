"""A month does not close over books that somebody changed past the writer, whichever item it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from shared.wire.control_item import ControlItem
from tests.coordinator import quietly
from tests.ledger.conftest import Ledger
from tests.ledger.support.checkpoints import write_checkpoints
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.settling import order, part
from tests.ledger.support.year import RECEIPT, control, new_ledger, play, post, propose, suspend

OF_ACCOUNT = """
    UPDATE place_day
       SET {column} = {column} + 1
     WHERE (slot, place, day) = (
           SELECT slot, place, day
             FROM place_day JOIN place USING (place)
            WHERE fund = 'pension' AND account = '{account}'
            ORDER BY day, slot
            LIMIT 1)"""
OF_KIND = """
    UPDATE voucher
       SET amounts = ARRAY[amounts[1] + 1, amounts[2] + 1]
     WHERE (slot, seq) = (
           SELECT voucher.slot, voucher.seq
             FROM voucher JOIN entry USING (slot, seq)
            WHERE voucher.kind = '{kind}' AND entry.account = '{account}' AND entry.line = 2
            LIMIT 1)"""
CHANGES = {
    ControlItem.LEVIED: OF_ACCOUNT.format(column="credit_fen", account="memo_levied"),
    ControlItem.COLLECTED: OF_ACCOUNT.format(column="debit_fen", account="memo_collected"),
    ControlItem.SUSPENSE: OF_ACCOUNT.format(column="credit_fen", account="suspense_receipts"),
    ControlItem.PERSONAL: OF_ACCOUNT.format(
        column="credit_fen", account="contribution_income.personal_account"
    ),
    ControlItem.BENEFITS: OF_ACCOUNT.format(column="debit_fen", account="benefit.basic_pension"),
    ControlItem.REFUNDS: OF_KIND.format(kind="refund", account="income_deposit"),
    ControlItem.LATE_FEES_CHARGED: OF_KIND.format(kind="late_fee", account="memo_levied"),
    ControlItem.LATE_FEES_COLLECTED: OF_KIND.format(kind="late_fee", account="other_income"),
}


@pytest.fixture
async def changed(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Books with every item, up to August 2021."""
    async with new_ledger(
        server_url, template, settings_for, client_of, bearer, sound=False
    ) as ledger:
        await play(ledger)
        charged = pair("pension", "memo_receivable", "memo_levied", "3.00", book="memo")
        await post(ledger, receipt(kind="late_fee", book_date="2021-08-05", entries=charged))
        paid = pair("pension", "income_deposit", "other_income", "3.00")
        await post(ledger, receipt(kind="late_fee", book_date="2021-08-05", entries=paid))
        other = RECEIPT.replace("1", "2")
        await suspend(ledger, "8.00", "2021-08-05", other)
        refund = await order(ledger, part("8.00"), receipt=other)
        await ledger.settle("refund", "2021-08-06", refund=refund)
        yield ledger


@pytest.mark.parametrize("item", list(ControlItem))
async def test_the_changed_item_is_named(changed: Ledger, item: ControlItem) -> None:
    day = "2021-08-28"
    right = await control(changed, day)
    nothing = {"business": "0.00", "statistics": "0.00"}
    right["funds"]["pension"]["items"].setdefault(item, nothing | {"opening": nothing})
    before = await propose(changed, "month", "2021-08", control=right)
    faults = before.json().get("errors", [])
    assert "THREE_TOTALS_DIFFER" not in {one["code"] for one in faults}
    await write_checkpoints(changed.url)
    admin = await asyncpg.connect(changed.url, server_settings={"search_path": "ledger"})
    try:
        assert await quietly(admin, CHANGES[item]) == "UPDATE 1"
    finally:
        await admin.close()
    refused = await propose(changed, "month", "2021-08", control=right)
    assert refused.status_code == 409, refused.text
    pointers = {
        one["pointer"] for one in refused.json()["errors"] if one["code"] == "THREE_TOTALS_DIFFER"
    }
    named = f"/control/funds/pension/items/{item}"
    assert pointers & {named, f"{named}/opening"}
