"""Balances as of any day, as known at any place: equal to a plain sum over the vouchers known then.

The plain sum is the oracle: a list of what was posted, in order; backdated, reversed, swept.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.reversing import reverse
from tests.ledger.support.settling import approve, propose
from tests.ledger.support.year import new_ledger, post

FIRST = date(2021, 7, 1)
DAYS = 12
ACCOUNTS = ("income_deposit", "fiscal_deposit", "contribution_income.pooled")
SIDE = {"income_deposit": 1, "fiscal_deposit": 1, "contribution_income.pooled": -1}


@dataclass
class Oracle:
    """All postings: (day, account, district, fen debited)."""

    postings: list[tuple[int, str, str, int]] = field(default_factory=list)

    def post(self, day: int, debit: str, credit: str, district: str, fen: int) -> None:
        self.postings += [(day, debit, district, fen), (day, credit, district, -fen)]

    def balances(self, known: int, as_of: int, district: str | None) -> dict[str, int]:
        """Return account → fen on its normal side, from the first `known` postings up to a day."""
        sums: Counter[str] = Counter()
        for day, account, of, fen in self.postings[:known]:
            if day <= as_of and district in (None, of):
                sums[account] += SIDE[account] * fen
        return dict(sums)


@pytest.fixture
async def books(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        yield ledger


def on(day: int) -> str:
    return (FIRST + timedelta(days=day)).isoformat()


async def step(ledger: Ledger, oracle: Oracle, chance: random.Random, made: list[Any]) -> None:
    """Post one more voucher: a receipt on any day, a reversal, or a sweep."""
    day, district = chance.randrange(DAYS), chance.choice(("heping", "nankai", "binhai"))
    what = chance.random()
    if made and what < 0.2:
        id, of_day, of, fen = made.pop(chance.randrange(len(made)))
        late = chance.randrange(of_day, DAYS)
        answer = await reverse(ledger, id, book_date=on(late))
        assert answer.status_code == 200, answer.text
        oracle.post(late, "income_deposit", "contribution_income.pooled", of, -fen)
    elif what < 0.3:
        proposed = await propose(ledger, "sweep", on(day))
        if proposed.status_code == 409:
            return  # nothing to move, or a later reversal took more back than there is
        done = (await approve(ledger, proposed)).json()
        voucher = (await ledger.get(f"/v1/vouchers/{done['voucher']}")).json()
        for entry in voucher["entries"]:
            fen = int(entry["amount"].replace(".", "")) * (1 if entry["side"] == "debit" else -1)
            oracle.postings.append((day, entry["account"], entry["district"], fen))
    else:
        fen = chance.randrange(1, 9_999)
        entries = pair(
            "pension",
            "income_deposit",
            "contribution_income.pooled",
            f"{fen // 100}.{fen % 100:02d}",
            district,
        )
        body = receipt(owner=f"UNIT-{district}", book_date=on(day), entries=entries)
        made.append(((await post(ledger, body))["id"], day, district, fen))
        oracle.post(day, "income_deposit", "contribution_income.pooled", district, fen)


async def balances_of(ledger: Ledger, **params: Any) -> dict[str, int]:
    answer = await ledger.get("/v1/funds/balances", **params)
    assert answer.status_code == 200, answer.text
    fund = next(one for one in answer.json()["funds"] if one["fund"] == "pension")
    return {
        account: int(fund["accounts"].get(account, "0.00").replace(".", "")) for account in ACCOUNTS
    }


async def test_balances_of_every_day_as_known_at_every_moment_equal_a_plain_sum(
    books: Ledger,
) -> None:
    oracle, made, chance = Oracle(), list[Any](), random.Random(20210731)
    places: list[tuple[str, int]] = []
    for number in range(60):
        await step(books, oracle, chance, made)
        if number % 8 == 0:
            heads = (await books.get("/v1/chain")).json()["items"]
            known_at = ",".join(f"{one['slot']}:{one['seq']}" for one in heads)
            places.append((known_at, len(oracle.postings)))
    for as_of in range(-1, DAYS):
        for district in (None, "nankai"):
            parameters = {"as_of": on(as_of)} | ({"district": district} if district else {})
            now = oracle.balances(len(oracle.postings), as_of, district)
            assert await balances_of(books, **parameters) == {
                name: now.get(name, 0) for name in ACCOUNTS
            }
            for known_at, known in places[:: 1 if district is None else 4]:
                then = oracle.balances(known, as_of, district)
                assert await balances_of(books, **parameters, known_at=known_at) == {
                    name: then.get(name, 0) for name in ACCOUNTS
                }
