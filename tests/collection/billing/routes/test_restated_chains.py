"""Months restated again and again, paid, debited and billed in any order: nothing lost, nothing twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.support.office import Office
from tests.collection.support.restating import (
    Unit,
    a_unit,
    assert_ties,
    bill,
    bill_of,
    by_share,
    corrected,
    declared,
    memo_of,
    pay,
    shown,
)

PERIODS = ("2021-05", "2021-06", "2021-07")
BILLED_ON = "2021-08-12"
PAID_ON = "2021-08-13"
wages = st.lists(
    st.sampled_from(["3000.00", "4321.99", "6500.00", "17000.01", "26000.00"]),
    min_size=1,
    max_size=3,
)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("restate"), st.sampled_from(PERIODS), wages),
        st.tuples(st.just("pay"), st.sampled_from(PERIODS), st.sampled_from([1, 40, 100])),
        st.tuples(st.just("debit"), st.sampled_from(PERIODS), st.just(0)),
        st.tuples(st.just("answer"), st.sampled_from(["settled", "refused"]), st.just(0)),
    ),
    max_size=10,
)
keys = count(1)
DEBITED_MEANWHILE = [
    ("restate", "2021-07", ["6500.00"]),
    ("debit", "2021-07", 0),
    ("restate", "2021-07", ["4321.99"]),
    ("answer", "refused", 0),
    ("restate", "2021-06", ["6500.00"]),
    ("restate", "2021-07", ["3000.00"]),
    ("debit", "2021-07", 0),
    ("answer", "settled", 0),
    ("restate", "2021-07", ["26000.00", "3000.00"]),
]
"""A bill is being debited while its month is restated: its credit stands until the next bill."""


@dataclass
class Story:
    """A unit, the papers of its months, and debits that the bank has not answered."""

    office: Office
    db: Database
    unit: Unit
    papers: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    debits: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def act(self, what: str, where: Any, how: Any) -> None:
        """One thing happens."""
        match what:
            case "restate":
                await self.restate(where, how)
            case "pay":
                await self.pay(where, how)
            case "debit":
                await self.debit(where)
            case "answer":
                await self.answer(where)

    async def restate(self, period: str, at: list[str]) -> None:
        """A month is declared, or restated, and billed."""
        known = self.papers[period]
        if known:
            paper = await corrected(self.office, known[0], self.unit, *at)
        else:
            paper = await declared(self.office, self.unit, *at, period=period)
        await bill(self.office, self.db, paper, bill_date=BILLED_ON)
        known.append(paper)

    async def pay(self, period: str, percent: int) -> None:
        """Money comes for what is open of a month, in full or in part, whatever the bank does."""
        bills = [await bill_of(self.office, paper) for paper in self.papers.get(period, ())]
        fen = sum(parse_yuan(one["open"]) for one in bills) * percent // 100
        if fen:
            await pay(self.office, self.unit, format_yuan(fen), period, PAID_ON)

    async def debit(self, period: str) -> None:
        """The bank is asked for what is open of a month."""
        body = {"period": period, "debit_date": PAID_ON}
        key = f"chain-{next(keys)}"
        made = await self.office.post("centre_cashier", "/v1/debit-batches", body, key=key)
        assert made.status_code in {201, 409}, made.text
        if made.status_code == 409:
            return
        path = f"/v1/debit-batches/{made.json()['id']}/lines"
        page = (await self.office.get("bank_gateway", path, limit=500)).json()
        assert not page["has_more"]
        self.debits += [
            (made.json()["id"], line)
            for line in page["items"]
            if line["credit_code"] == self.unit.code
        ]

    async def answer(self, outcome: str) -> None:
        """The bank answers what it was asked first."""
        if not self.debits:
            return
        batch, line = self.debits.pop(0)
        result = {
            "line": line["line"],
            "outcome": outcome,
            "bank_serial": f"C{next(keys)}",
            "amount": line["amount"],
            "value_date": PAID_ON,
        }
        body = {"batch": batch, "results": [result]}
        key = f"chain-{next(keys)}"
        heard = await self.office.post("bank_gateway", "/v1/debit-results", body, key=key)
        assert heard.json()[outcome] == 1, heard.text

    async def assert_adds_up(self) -> None:
        """Bills and credits of a month come to what its last paper levies; the books agree."""
        await assert_ties(self.office, self.unit)
        for period, papers in self.papers.items():
            rows = await self.office.fetch(
                """
                SELECT insurance, party, CAST(sum(fen) AS bigint) AS fen
                  FROM (SELECT line.insurance, line.party, line.amount_fen + line.credited_fen AS fen
                          FROM bill
                          JOIN bill_line AS line
                            ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
                         WHERE bill.unit_id = $1 AND bill.period = $2 AND bill.kind <> 'charge'
                         UNION ALL
                        SELECT insurance, party, -amount_fen
                          FROM credit
                         WHERE unit_id = $1 AND period = $2) AS parts
                 GROUP BY insurance, party
                HAVING sum(fen) <> 0
                """,
                self.unit.id,
                period,
            )
            last = await shown(self.office, papers[-1])
            levied = by_share(last["lines"], "people", "unit", "relief")
            assert {(row["insurance"], row["party"]): row["fen"] for row in rows} == levied


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(DEBITED_MEANWHILE)
@given(acts)
async def test_the_books_add_up_after_any_order_of_events(
    office: Office, db: Database, events: list[tuple[str, Any, Any]]
) -> None:
    story = Story(office, db, await a_unit(office, people=3))
    for event in events:
        await story.act(*event)
        await story.assert_adds_up()


@pytest.mark.parametrize("paid", ["before", "between", "after"])
async def test_when_the_month_is_paid_makes_no_difference_to_what_is_open_in_the_end(
    office: Office, db: Database, paid: str
) -> None:
    """A month of 6,500 restated to 4,500 and then to 7,500, with 4,500 paid at some moment."""
    story = Story(office, db, await a_unit(office, people=1))
    await story.restate("2021-07", ["6500.00"])
    whole = await bill_of(office, story.papers["2021-07"][0])
    should = format_yuan(parse_yuan(whole["total"]) * 45 // 65)
    if paid == "before":
        await pay(office, story.unit, should, "2021-07", PAID_ON)
    await story.restate("2021-07", ["4500.00"])
    if paid == "between":
        await pay(office, story.unit, should, "2021-07", PAID_ON)
    await story.restate("2021-07", ["7500.00"])
    if paid == "after":
        await pay(office, story.unit, should, "2021-07", PAID_ON)
    await story.assert_adds_up()
    memo = await memo_of(office, story.unit)
    open_fen = sum(fen for key, fen in memo.items() if key[0] == "memo_receivable")
    assert open_fen == parse_yuan(whole["total"]) * 30 // 65
