"""Proofs of the month: nothing open, every fen of every receipt in one part, books and chains whole."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from services.demo.collecting import Month, Play
from services.demo.month.worklist import open_items
from services.demo.proofs import (
    Proof,
    prove_bank,
    prove_benefits,
    prove_bills,
    prove_cash,
    prove_contributions,
    prove_income_account,
    prove_persons,
    prove_receivable,
    prove_three_totals,
    prove_trial_balances,
    read_state,
)
from shared.money import format_yuan, parse_yuan
from shared.process.settings import Settings

_READER = "supervisor"
_PARTS = ("allocated", "moved", "suspense", "refunded", "transferred", "reversed")


async def prove(play: Play, month: Month, house: Settings) -> list[Proof]:
    """Prove everything."""
    with play.stage.step("prove") as bar:
        state = await read_state(play)
        return [
            await prove_nothing_open(play, month),
            await prove_parts(play, month),
            await prove_bills(play, bar.advance),
            prove_receivable(state),
            prove_income_account(state),
            await prove_bank(play),
            await prove_trial_balances(play),
            prove_contributions(state),
            prove_benefits(state),
            prove_cash(state),
            prove_persons(state),
            await prove_three_totals(play),
            await prove_closed(play, month),
            await prove_chains(house),
        ]


async def end_state(play: Play) -> dict[str, Any]:
    """Read the balances of every fund, and what every bill has settled: what two runs must share."""
    state = await read_state(play)
    bills = await play.office.pages(_READER, "collection", "/v1/bills")
    return {
        "funds": state.funds,
        "bills": sorted(
            [one["credit_code"], one["period"], one["total"], one["settled"]] for one in bills
        ),
    }


async def prove_nothing_open(play: Play, month: Month) -> Proof:
    """Prove that no list of work has an item left."""
    left = {name: count for name, count in (await open_items(play, month)).items() if count}
    return Proof("nothing_is_open", not left, str(left) if left else "all lists of work are empty")


async def prove_parts(play: Play, month: Month) -> Proof:
    """Prove that the parts of every receipt add up to it, and all together to the books."""
    day = month.day(31)
    whole = await play.office.get(_READER, "collection", "/v1/receipt-parts", as_of=day)
    receipts = await play.office.pages(
        _READER, "collection", "/v1/receipt-parts/receipts", as_of=day
    )
    wrong = [one["receipt"] for one in receipts if _amounts(one) != parse_yuan(one["amount"])]
    sums = {part: sum(parse_yuan(one[part]) for one in receipts) for part in _PARTS}
    ties = whole["ties"] and whole["books"] == whole["kept"] and not wrong
    detail = f"{len(receipts)} receipts: " + ", ".join(
        f"{format_yuan(fen)} {part}" for part, fen in sums.items()
    )
    return Proof(
        "every_fen_of_a_receipt_is_in_one_part",
        ties,
        f"{wrong[:3]} {whole}" if not ties else detail,
    )


def _amounts(receipt: dict[str, Any]) -> int:
    return sum(parse_yuan(receipt[part]) for part in _PARTS)


async def prove_closed(play: Play, month: Month) -> Proof:
    """Prove that the month is closed, by two people."""
    papers = await play.office.pages(_READER, "ledger", "/v1/closings", level="month")
    done = [one for one in papers if one["period"] == month.period and one["status"] == "done"]
    by_two = [one for one in done if one["proposed_by"] != one["approved_by"]]
    return Proof("the_month_is_closed_by_two_people", len(by_two) == 1, f"{month.period} 月结完成")


async def prove_chains(house: Settings) -> Proof:
    """Run `wuxian verify`: the chains of the books and of the evidence of every service."""
    environment = os.environ | {
        "WUXIAN_HOME": str(house.home),
        "WUXIAN_FIELD_KEYS_DIR": str(house.field_keys_dir),
        "WUXIAN_DATABASE_SECRETS_DIR": str(house.secrets_path),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.cli", "verify", "--json"),
        *("--database-url", str(house.admin_database_url)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        return Proof("wuxian_verify_is_clean", ok=False, detail=(output + errors).decode()[-500:])
    vouchers = json.loads(output)["books"]["vouchers"]
    return Proof("wuxian_verify_is_clean", ok=True, detail=f"{vouchers} vouchers")
