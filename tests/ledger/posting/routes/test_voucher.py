"""Posting, repeating, reading and reversing vouchers over HTTP."""

from datetime import timedelta

import pytest

from services.ledger.posting.domain.voucher import slot_of
from shared import clock
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import UNIT, entry, fresh, pair, receipt


async def test_a_voucher_is_posted_with_its_place_in_the_chain(ledger: Ledger) -> None:
    body = receipt("123.45")
    answer = await ledger.post("/v1/vouchers", body)
    assert answer.status_code == 201
    posted = answer.json()
    assert posted["outcome"] == "posted"
    assert posted["id"] == f"vch_{posted['slot']}_{posted['seq']}"
    assert posted["slot"] != 0  # a unit's, not the centre's
    read = (await ledger.get(f"/v1/vouchers/{posted['id']}")).json()
    assert read["hash"] == posted["hash"]
    assert read["source"] == "collection_service"
    assert [(e["account"], e["side"], e["amount"]) for e in read["entries"]] == [
        ("income_deposit", "debit", "123.45"),
        ("contribution_income.pooled", "credit", "123.45"),
    ]


async def test_a_repeat_gets_the_first_answer(ledger: Ledger) -> None:
    body = receipt()
    first = await ledger.post("/v1/vouchers", body)
    again = await ledger.post("/v1/vouchers", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json() | {"outcome": "replayed"}


async def test_the_same_event_with_other_content_names_what_differs(ledger: Ledger) -> None:
    body = receipt("10.00")
    await ledger.post("/v1/vouchers", body)
    other = body | {
        "summary": "另一摘要",
        "entries": pair(
            "pension", "income_deposit", "contribution_income.pooled", "10.01", "nankai"
        ),
    }
    answer = await ledger.post("/v1/vouchers", other)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "EVENT_ID_REUSED"
    assert {fault["pointer"] for fault in problem["errors"]} == {
        "/summary",
        "/entries/0/amount",
        "/entries/1/amount",
        "/entries/0/district",
        "/entries/1/district",
    }


async def test_two_senders_may_use_the_same_event_id(ledger: Ledger) -> None:
    body = receipt()
    mine = await ledger.post("/v1/vouchers", body)
    theirs = await ledger.post("/v1/vouchers", body, subject="another_service")
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]


async def test_an_event_id_is_of_one_sender_and_one_owner(ledger: Ledger) -> None:
    """The owner decides the slot, so a repeat always meets its first copy (decision 0018)."""
    body = receipt()
    slots = {slot_of(f"UNIT-{i}", 4): f"UNIT-{i}" for i in range(40)}
    owners = [slots[slot] for slot in sorted(slots)][:2]
    made = [await ledger.post("/v1/vouchers", body | {"owner": owner}) for owner in owners]
    assert [answer.status_code for answer in made] == [201, 201]
    again = await ledger.post("/v1/vouchers", body | {"owner": owners[0]})
    assert (again.status_code, again.json()["id"]) == (200, made[0].json()["id"])
    query = {"source": "collection_service", "event_id": body["event_id"]}
    found = (await ledger.get("/v1/vouchers", **query)).json()["items"]
    assert {one["id"] for one in found} == {answer.json()["id"] for answer in made}


async def test_an_unbalanced_voucher_is_refused_and_every_fault_named(ledger: Ledger) -> None:
    wrong = receipt(
        entries=[
            entry("pension", "income_deposit", "debit", "10.00"),
            entry("pension", "contribution_income.pooled", "credit", "9.99"),
            entry("no_such_fund", "income_deposit", "debit", "1.00"),
            entry("no_such_fund", "no_such_account", "credit", "1.00"),
        ],
        book_date=(clock.today() + timedelta(days=1)).isoformat(),
    )
    answer = await ledger.post("/v1/vouchers", wrong)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "VOUCHER_UNBALANCED"
    assert {(fault["pointer"], fault["code"]) for fault in problem["errors"]} >= {
        ("/entries", "VOUCHER_UNBALANCED"),
        ("/entries/2/fund", "FUND_UNKNOWN"),
        ("/entries/3/fund", "FUND_UNKNOWN"),
        ("/entries/3/account", "ACCOUNT_UNKNOWN"),
        ("/book_date", "BOOK_DATE_IN_FUTURE"),
    }


async def test_funds_must_balance_each_by_itself(ledger: Ledger) -> None:
    crossing = [
        entry("pension", "income_deposit", "debit", "10.00"),
        entry("medical", "contribution_income.pooled", "credit", "10.00"),
    ]
    answer = await ledger.post("/v1/vouchers", receipt(entries=crossing))
    assert (answer.status_code, answer.json()["code"]) == (422, "VOUCHER_UNBALANCED")


@pytest.mark.parametrize(
    ("kind", "debit", "credit", "code"),
    [
        # 收支两条线: benefits are not paid out of the income account, income not booked on the
        # expenditure account, and nobody but the ledger itself settles.
        ("payment", "benefit.basic_pension", "income_deposit", "FLOW_FORBIDDEN"),
        ("receipt", "fiscal_deposit", "contribution_income.pooled", "FLOW_FORBIDDEN"),
        ("receipt", "expenditure_deposit", "income_deposit", "FLOW_FORBIDDEN"),
        ("sweep", "fiscal_deposit", "income_deposit", "SENDER_FORBIDDEN"),
        ("expenditure_funding", "expenditure_deposit", "fiscal_deposit", "SENDER_FORBIDDEN"),
        ("payment", "benefit.unemployment", "expenditure_deposit", "ACCOUNT_NOT_IN_FUND"),
        ("receipt", "income_deposit", "contribution_income", "ACCOUNT_UNKNOWN"),
        ("receipt", "income_deposit", "memo_receivable", "ACCOUNT_NOT_IN_BOOK"),
    ],
)
async def test_what_the_chart_and_the_flow_matrix_forbid(
    ledger: Ledger, kind: str, debit: str, credit: str, code: str
) -> None:
    body = receipt(kind=kind, owner="centre", entries=pair("pension", debit, credit, "1.00"))
    answer = await ledger.post("/v1/vouchers", body)
    assert answer.status_code == 422
    assert code in {fault["code"] for fault in answer.json()["errors"]}


async def test_accounts_with_a_floor_are_the_centres(ledger: Ledger) -> None:
    body = receipt(
        kind="payment",
        owner=UNIT,
        entries=pair("pension", "benefit.basic_pension", "expenditure_deposit", "1.00"),
    )
    answer = await ledger.post("/v1/vouchers", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "OWNER_NOT_CENTRE")


async def test_a_business_refusal_is_pinned_to_its_event(ledger: Ledger) -> None:
    await ledger.fund_expenditure("50.00", "medical")
    body = receipt(
        kind="payment",
        owner="centre",
        book_date="2021-06-30",  # the money came a day later
        hold=await ledger.hold("50.00", "medical"),
        entries=pair("medical", "benefit.hospital", "expenditure_deposit", "50.00"),
    )
    first = await ledger.post("/v1/vouchers", body, Role.PAYOUT_SERVICE)
    assert (first.status_code, first.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    await ledger.fund_expenditure("100.00", "medical", "2021-06-30")
    again = await ledger.post("/v1/vouchers", body, Role.PAYOUT_SERVICE)
    assert (again.status_code, again.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    assert again.json()["errors"] == first.json()["errors"]
    changed = await ledger.post("/v1/vouchers", body | {"summary": "改"}, Role.PAYOUT_SERVICE)
    assert changed.json()["code"] == "EVENT_ID_REUSED"
    anew = await ledger.post("/v1/vouchers", body | {"event_id": fresh()}, Role.PAYOUT_SERVICE)
    assert anew.status_code == 201


async def test_a_fault_of_the_chart_is_not_pinned(ledger: Ledger, admin: object) -> None:
    """An operator enters the fund that was missing; the very same message then goes through."""
    body = receipt(
        entries=pair("late_fund", "income_deposit", "contribution_income.pooled", "1.00")
    )
    refused = await ledger.post("/v1/vouchers", body)
    assert refused.json()["code"] == "FUND_UNKNOWN"
    await admin.execute(  # type: ignore[attr-defined]
        "INSERT INTO fund VALUES ('late_fund', '新设基金', '2020-01-01', NULL, 'test', 'G')"
    )
    await ledger.books.refresh()
    assert (await ledger.post("/v1/vouchers", body)).status_code == 201


async def test_a_voucher_is_found_by_its_event(ledger: Ledger) -> None:
    body = receipt()
    posted = (await ledger.post("/v1/vouchers", body)).json()
    query = {"source": "collection_service", "event_id": body["event_id"]}
    found = (await ledger.get("/v1/vouchers", **query)).json()
    assert [one["id"] for one in found["items"]] == [posted["id"]]
    assert (await ledger.get("/v1/vouchers", **query | {"event_id": "none"})).json()["items"] == []


async def test_one_may_not_post_as_the_ledger_itself(ledger: Ledger) -> None:
    answer = await ledger.post("/v1/vouchers", receipt(), subject="ledger")
    assert answer.status_code == 403


async def test_who_may_not_post(ledger: Ledger) -> None:
    for role in (Role.FUND_ACCOUNTANT, Role.DASHBOARD, Role.SUPERVISOR, Role.TAX_BUREAU):
        assert (await ledger.post("/v1/vouchers", receipt(), role)).status_code == 403


@pytest.mark.parametrize(
    "id", ["vch_1_0", "vch_01_1", "vch_9999_1", "vch_1_99999999999999999", "x", "vch_-1_1", "%20"]
)
async def test_an_identifier_of_nothing_is_404(ledger: Ledger, id: str) -> None:
    assert (await ledger.get(f"/v1/vouchers/{id}")).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"entries": []}, "/entries"),
        ({"owner": "x" * 65}, "/owner"),
        ({"summary": ""}, "/summary"),
        ({"book_date": "0000-00-00"}, "/book_date"),
        ({"period": "2021-13"}, "/period"),
        ({"references": {f"k{i}k": "v" for i in range(21)}}, "/references"),
        ({"kind": "Receipt; DROP TABLE voucher"}, "/kind"),
    ],
)
async def test_malformed_fields_are_named(
    ledger: Ledger, change: dict[str, object], pointer: str
) -> None:
    answer = await ledger.post("/v1/vouchers", receipt() | change)
    assert answer.status_code == 422
    assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}


async def test_odd_texts_come_back_as_they_went_in(ledger: Ledger) -> None:
    odd = "a\"b\\c'{},NULL\n\t中文😀 ; DROP TABLE voucher; --"
    body = receipt(summary=odd, references={"paper": odd, "null": "NULL", "empty": ""})
    posted = (await ledger.post("/v1/vouchers", body)).json()
    read = (await ledger.get(f"/v1/vouchers/{posted['id']}")).json()
    assert (read["summary"], read["references"]) == (odd, body["references"])


async def test_the_largest_amounts_never_make_a_5xx(ledger: Ledger) -> None:
    entries = pair("work_injury", "income_deposit", "contribution_income.pooled", "99999999999.99")
    for _ in range(3):
        answer = await ledger.post("/v1/vouchers", receipt(entries=entries * 200))
        assert answer.status_code in {201, 422}
