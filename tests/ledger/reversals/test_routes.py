"""Reversals: two people, wholly or in parts, each once, together never beyond the original."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, pair, receipt
from tests.ledger.support.reversing import approve, propose, reverse


async def posted(ledger: Ledger, amount: str = "100.00", **changes: Any) -> str:
    answer = await ledger.post("/v1/vouchers", receipt(amount, **changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def both(amount: str) -> tuple[tuple[int, str], ...]:
    return (1, amount), (2, amount)


async def red_of(ledger: Ledger, answer: Any) -> Any:
    """The red-letter voucher of an approved reversal."""
    return (await ledger.get(f"/v1/vouchers/{answer.json()['reversal']}")).json()


async def test_one_proposes_and_another_approves(ledger: Ledger) -> None:
    await posted(ledger)
    before, id = await ledger.balances(), await posted(ledger, amount="77.00")
    after = await ledger.balances()
    key = fresh("key")
    proposed = await propose(ledger, id, key=key)
    paper = proposed.json()
    assert (paper["status"], paper["voucher"], paper["reversal"]) == ("proposed", id, None)
    assert await ledger.balances() == after, "nothing is posted yet"
    assert (await propose(ledger, id, key=key)).json() == paper, "a repeat"
    waits = await propose(ledger, id, *both("1.00"))
    assert (waits.status_code, waits.json()["code"]) == (409, "REVERSAL_WAITS")

    path = f"/v1/reversals/{paper['id']}/approvals"
    for role in (Role.FUND_ACCOUNTANT, Role.COLLECTION_SERVICE, Role.SUPERVISOR):
        assert (await ledger.post(path, {}, role)).status_code == 403
    himself = await ledger.post(path, {}, Role.DEPARTMENT_HEAD, subject=paper["proposed_by"])
    assert (himself.status_code, himself.json()["code"]) == (409, "SAME_PERSON_TWICE")
    done = await approve(ledger, proposed)
    assert (done.status_code, done.json()["status"]) == (200, "posted")
    assert (await approve(ledger, proposed)).json() == done.json(), "a repeat of the approver"
    other = await ledger.post(path, {}, Role.CENTRE_LEADER)
    assert (other.status_code, other.json()["code"]) == (409, "STATE_CONFLICT")

    red = await red_of(ledger, done)
    assert (red["reverses"], red["event_id"]) == (id, paper["id"])
    assert red["source"] == paper["proposed_by"]
    sides = [(entry["side"], entry["amount"]) for entry in red["entries"]]
    assert sides == [("debit", "-77.00"), ("credit", "-77.00")]
    assert (await ledger.get(f"/v1/vouchers/{id}")).json()["reversed_by"] == red["id"]
    assert await ledger.balances() == before
    of_red = await propose(ledger, red["id"])
    assert (of_red.status_code, of_red.json()["code"]) == (409, "NOT_REVERSIBLE")
    assert (await ledger.get(f"/v1/reversals/{paper['id']}")).json() == done.json()


async def test_a_refused_reversal_leaves_the_voucher_and_the_way_to_another(
    ledger: Ledger,
) -> None:
    id = await posted(ledger)
    proposed = await propose(ledger, id)
    path, why = f"/v1/reversals/{proposed.json()['id']}", {"reason": "原凭证无误"}
    listed = (await ledger.get("/v1/reversals", status="proposed")).json()
    assert [one["id"] for one in listed["items"]] == [proposed.json()["id"]]
    refused = await ledger.post(f"{path}/refusals", why, Role.DEPARTMENT_HEAD)
    assert (refused.status_code, refused.json()["refusal"]) == (200, "原凭证无误")
    again = await ledger.post(f"{path}/refusals", why, Role.DEPARTMENT_HEAD)
    assert again.json() == refused.json()
    late = await approve(ledger, proposed)
    assert (late.status_code, late.json()["code"]) == (409, "STATE_CONFLICT")
    assert (await ledger.get("/v1/reversals", status="proposed")).json()["items"] == []
    assert (await reverse(ledger, id)).status_code == 200


async def test_parts_are_taken_back_until_nothing_remains(ledger: Ledger) -> None:
    await posted(ledger)
    before, id = await ledger.balances(), await posted(ledger, amount="100.00")
    first = await red_of(ledger, await reverse(ledger, id, *both("30.00")))
    exceeded = await reverse(ledger, id, *both("70.01"))
    assert (exceeded.status_code, exceeded.json()["code"]) == (409, "REVERSAL_EXCEEDED")
    assert "remaining=70.00" in exceeded.json()["errors"][0]["message"]
    read = (await ledger.get(f"/v1/vouchers/{id}")).json()
    assert (read["reversals"], read["reversed_by"]) == ([first["id"]], None)
    last = await red_of(ledger, await reverse(ledger, id))
    assert [entry["amount"] for entry in last["entries"]] == ["-70.00", "-70.00"]
    read = (await ledger.get(f"/v1/vouchers/{id}")).json()
    assert read["reversals"] == [first["id"], last["id"]]
    assert read["reversed_by"] == last["id"]
    assert await ledger.balances() == before
    for more in ((), both("0.01")):
        answer = await reverse(ledger, id, *more)
        assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_REVERSED")


async def test_a_proposal_that_the_books_would_refuse_is_refused_at_once(ledger: Ledger) -> None:
    id = await posted(ledger)
    lame = await propose(ledger, id, (1, "10.00"), (2, "9.99"))
    assert (lame.status_code, lame.json()["code"]) == (422, "VOUCHER_UNBALANCED")
    early = await propose(ledger, id, book_date="2021-07-14")
    assert (early.status_code, early.json()["code"]) == (422, "BOOK_DATE_BEFORE_ORIGINAL")
    strange = await propose(ledger, id, (1, "1.00"), (1, "1.00"), (3, "1.00"))
    assert strange.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in strange.json()["errors"]] == [
        ("/entries/1/line", "LINE_TWICE"),
        ("/entries/2/line", "LINE_UNKNOWN"),
    ]
    path = f"/v1/vouchers/{id}/reversals"
    body = {"book_date": "2021-07-20", "summary": "s"}
    assert (await ledger.post(path, body)).status_code == 403, "no machine reverses"
    nothing = await ledger.get("/v1/reversals/rvs_7fffffffffffffff" + "0" * 32)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "REVERSAL_UNKNOWN")


async def test_one_fund_of_several_may_be_taken_back(ledger: Ledger) -> None:
    entries = [
        *pair("pension", "income_deposit", "contribution_income.pooled", "8.00"),
        *pair("medical", "income_deposit", "contribution_income.pooled", "5.00"),
    ]
    id = await posted(ledger, entries=entries)
    assert (await reverse(ledger, id, (3, "5.00"), (4, "5.00"))).status_code == 200
    exceeded = await reverse(ledger, id, (1, "8.00"), (2, "8.00"), (3, "0.01"), (4, "0.01"))
    assert [fault["pointer"] for fault in exceeded.json()["errors"]] == [
        "/entries/2/amount",
        "/entries/3/amount",
    ]
    rest = await red_of(ledger, await reverse(ledger, id))
    assert {(entry["fund"], entry["amount"]) for entry in rest["entries"]} == {("pension", "-8.00")}


PAPER = """
    INSERT INTO voucher_reversal (slot, id, seq, book_date, summary, lines, proposed_by)
    VALUES ($1, gen_random_uuid(), $2, '2021-07-20', 's', '[]', '王 芳') RETURNING id
"""
DECIDE = """
    UPDATE voucher_reversal
       SET status = 'posted', decided_by = $3, decided_at = now(), reversal_seq = 900001
     WHERE slot = $1 AND id = $2
"""


async def test_the_database_demands_two_people(
    ledger: Ledger, admin: asyncpg.Connection[Any]
) -> None:
    slot, seq = map(int, (await posted(ledger)).split("_")[1:])
    transaction = admin.transaction()
    await transaction.start()
    try:
        await admin.execute("SET LOCAL ROLE wuxian_ledger")
        paper = await admin.fetchval(PAPER, slot, seq)
        for sql, error in (
            ((DECIDE, slot, paper, "王芳"), "voucher_reversal_two_people"),
            ((PAPER, slot, seq), "voucher_reversal_open"),
            (("UPDATE voucher_reversal SET lines = '[1]'",), "permission denied"),
            (("DELETE FROM voucher_reversal",), "permission denied"),
        ):
            with pytest.raises(asyncpg.PostgresError, match=error):
                async with admin.transaction():
                    await admin.execute(*sql)
        await admin.execute(DECIDE, slot, paper, "李")
        with pytest.raises(asyncpg.RestrictViolationError):
            async with admin.transaction():
                await admin.execute(DECIDE, slot, paper, "张")
        await admin.execute("RESET ROLE")
        with pytest.raises(asyncpg.RestrictViolationError):
            async with admin.transaction():
                await admin.execute("DELETE FROM voucher_reversal")
    finally:
        await transaction.rollback()
