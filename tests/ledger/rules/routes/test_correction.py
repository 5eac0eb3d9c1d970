"""The rules are corrected by two people, from a day on, with a source; what was printed stays so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from shared.db import Database
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.correcting import approve, correct, propose
from tests.ledger.support.making import fresh, pair, receipt
from tests.ledger.support.year import close, collect, new_ledger

PAYMENT = {"kind": "payment", "debit": "benefit.*", "credit": "expenditure_deposit"}
ROW = {"in_force_from": "2022-01-01", "source": "财政局函〔2021〕9号"}


@pytest.fixture
async def books(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Books of their own for every test."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        yield ledger


async def rules(ledger: Ledger, table: str, **params: Any) -> list[dict[str, Any]]:
    answer = await ledger.get(f"/v1/rules/{table}", **params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def codes(answer: Any) -> set[str]:
    return {fault["code"] for fault in answer.json()["errors"]}


async def test_a_flow_that_is_missing_is_opened_for_the_very_same_message(books: Ledger) -> None:
    body = receipt(entries=pair("pension", "income_deposit", "collective_subsidy", "5.00"))
    assert (await books.post("/v1/vouchers", body)).json()["code"] == "FLOW_FORBIDDEN"
    row = ROW | {
        "in_force_from": "2021-01-01",
        "kind": "receipt",
        "debit": "income_deposit",
        "credit": "collective_subsidy",
        "by": "collection_service",
    }
    done = await correct(books, flows=[row])
    assert [one["name"] for one in done["changes"]] == [
        "receipt/statutory/income_deposit/collective_subsidy"
    ]
    assert (await books.post("/v1/vouchers", body)).status_code == 201
    # And shut again from a day on: what is dated before it still passes.
    await correct(books, flows=[row | {"in_force_to": "2021-07-31"}])
    for day, status in (("2021-07-31", 201), ("2021-08-01", 422)):
        again = body | {"event_id": fresh(), "book_date": day}
        assert (await books.post("/v1/vouchers", again)).status_code == status


async def test_a_successor_ends_its_predecessor_on_the_eve(books: Ledger) -> None:
    name = "城镇职工基本医疗保险基金"
    done = await correct(books, funds=[ROW | {"code": "medical", "name": name}])
    assert [
        (one["after"]["in_force_from"], one["after"]["in_force_to"]) for one in done["changes"]
    ] == [
        ("1999-07-01", "2021-12-31"),
        ("2022-01-01", None),
    ]
    for day, expected in (("2021-12-31", "职工基本医疗保险基金"), ("2022-01-01", name)):
        found = await rules(books, "fund", on=day)
        assert next(one["name"] for one in found if one["code"] == "medical") == expected
    assert len([one for one in await rules(books, "fund") if one["code"] == "medical"]) == 2


async def test_nothing_holds_until_another_person_has_approved(books: Ledger) -> None:
    proposed = await propose(books, funds=[ROW | {"code": "new_fund", "name": "新设基金"}])
    assert proposed.json()["status"] == "proposed"
    assert not [one for one in await rules(books, "fund") if one["code"] == "new_fund"]
    own = await approve(books, proposed, subject="fund_accountant")
    assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON_TWICE")
    for role, of in (
        (Role.FUND_ACCOUNTANT, "centre"),
        (Role.CENTRE_AUDITOR, "centre"),
        (Role.DISTRICT_REVIEWER, "heping"),
        (Role.PAYOUT_SERVICE, "centre"),
    ):
        assert (await approve(books, proposed, role=role, district=of)).status_code == 403
    done, again = [await approve(books, proposed) for _ in range(2)]
    assert (done.status_code, again.status_code) == (200, 200)
    assert again.json()["changes"] == done.json()["changes"]
    other = await approve(books, proposed, role=Role.CENTRE_LEADER)
    assert (other.status_code, other.json()["code"]) == (409, "STATE_CONFLICT")
    assert len([one for one in await rules(books, "fund") if one["code"] == "new_fund"]) == 1
    listed = (await books.get("/v1/corrections", status="done")).json()["items"]
    assert [one["approved_by"] for one in listed] == ["department_head"]
    assert (await books.get(f"/v1/corrections/{listed[0]['id']}")).json() == listed[0]


async def test_a_closing_rule_is_taken_off_from_a_day_on(books: Ledger) -> None:
    """Cities that let suspense stand over a day's closing say so by a row."""
    suspense = pair("pension", "income_deposit", "suspense_receipts", "9.00")
    await books.post("/v1/vouchers", receipt(kind="suspense", entries=suspense))
    closing = {"level": "day", "period": "2021-07-15", "control": {"funds": {}}}

    async def proposed() -> Any:
        return await books.post("/v1/closings", closing, Role.FUND_ACCOUNTANT)

    assert (await proposed()).json()["code"] == "RECEIPTS_UNMATCHED"
    ended = {"in_force_from": "1999-07-01", "in_force_to": "2021-07-14", "source": "本市内控规定"}
    await correct(books, closing_rules=[ended | {"level": "day", "rule": "receipts_matched"}])
    assert (await proposed()).status_code == 201
    earlier = closing | {"period": "2021-07-14"}
    assert (await books.post("/v1/closings", earlier, Role.FUND_ACCOUNTANT)).status_code == 201


async def test_the_adjustment_funds_shares_are_data_of_the_day(books: Ledger) -> None:
    await collect(books, "medical", "1000.00", "2020-07-10")
    await collect(books, "medical", "800.00", "2021-07-10")
    row = {"fund": "medical", "paid_up": "0.05", "size_cap": "0.15", "gap_share": "0.30"}
    await correct(books, adjustment_rules=[ROW | {"in_force_from": "2021-07-01"} | row])

    async def remit(day: str) -> Any:
        amounts = [{"fund": "medical", "amount": "50.01"}]
        body = {"kind": "adjustment_remit", "day": day, "amounts": amounts}
        return await books.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)

    assert (await remit("2021-07-31")).json()["code"] == "ADJUSTMENT_CAPPED"
    too_much = ROW | row | {"gap_share": "1.01"}
    assert (await propose(books, adjustment_rules=[too_much])).status_code == 422


async def test_two_people_change_what_retirees_get_into_their_accounts(books: Ledger) -> None:
    row = ROW | {
        "fund": "medical",
        "age_from": 70,
        "yearly": "960.00",
        "source": "本市门诊共济办法",
    }
    await correct(books, injection_rules=[row | {"in_force_from": "2021-07-01"}])
    found = await rules(books, "personal_injection_rule", on="2021-07-15")
    of_seventy = [one for one in found if (one["standing"], one["age_from"]) == ("ordinary", 70)]
    assert [one["yearly_fen"] for one in of_seventy] == [96_000]
    before = await rules(books, "personal_injection_rule", on="2021-06-30")
    assert 60_000 in [one["yearly_fen"] for one in before if one["standing"] == "ordinary"]
    wrong = [row | {"age_from": 75}, row | {"age_from": 90, "age_to": 80, "fund": "nope"}]
    answer = await propose(books, injection_rules=wrong)
    assert codes(answer) == {"AGES_OVERLAP", "AGES_REVERSED", "FUND_UNKNOWN"}


async def test_a_line_of_a_statement_has_the_printed_forms_name_and_place(books: Ledger) -> None:
    await collect(books, "pension", "7.00", "2021-07-10")
    await books.settle("sweep", "2021-07-20")
    await collect(books, "pension", "2.00", "2021-07-25")
    line = {"report": "balance_sheet", "in_force_from": "2021-08-01", "source": "会社保01表"}
    await correct(
        books,
        report_lines=[
            line | {"line": "fiscal_deposit", "name": "财政专户存款(行次1)", "place": 1},
            line | {"line": "asset", "name": "资产合计", "place": 1},
        ],
    )

    async def assets(period: str) -> Any:
        answer = await books.get("/v1/reports/balance-sheet", fund="pension", period=period)
        return answer.json()["assets"]

    before, since = await assets("2021-07"), await assets("2021-08")
    assert [one["name"] for one in before["lines"]] == ["收入户存款", "财政专户存款"]
    assert [one["name"] for one in since["lines"]] == ["财政专户存款(行次1)", "收入户存款"]
    assert (before["name"], since["name"]) == ("资产", "资产合计")
    assert before["closing"] == since["closing"] == "9.00"


async def test_a_report_that_was_printed_prints_the_same_after_a_correction(books: Ledger) -> None:
    """A code of the very version that was printed is corrected: looked back to, the old one stands."""
    await collect(books, "pension", "7.00", "2021-07-10")
    await books.settle("sweep", "2021-07-31")
    closed = await close(books, "month", "2021-07")
    reports: dict[str, dict[str, Any]] = {
        "/v1/reports/balance-sheet": {"fund": "pension", "period": "2021-07"},
        "/v1/reports/general-ledger": {"fund": "pension", "period": "2021-07"},
        "/v1/trial-balance": {"as_of": "2021-07-31"},
    }
    heads = (await books.get("/v1/chain")).json()["items"]
    places = ",".join(f"{one['slot']}:{one['seq']}" for one in heads)
    printed = {path: (await books.get(path, **params)).json() for path, params in reports.items()}
    [chart] = [
        one
        for one in await rules(books, "chart_account", on="2021-07-31")
        if one["key"] == "fiscal_deposit"
    ]
    row = {
        **chart,
        "account_class": chart["class"],
        "code": "100301",
        "name": "财政专户(订正)",
        "funds": [],
        "source": "财政局函复",
        "certainty": "confirmed",
    }
    del row["class"]
    line = {
        "report": "balance_sheet",
        "line": "asset",
        "name": "资产总额",
        "place": 1,
        "in_force_from": "1999-07-01",
        "source": "会社保01表",
    }
    name = {"code": "pension", "name": "企业养老基金", "in_force_from": "1999-07-01", "source": "x"}
    await correct(books, accounts=[row], report_lines=[line], funds=[name])
    for path, params in reports.items():
        assert (await books.get(path, **params)).json() != printed[path], path
        for known_at in (closed["id"], places):
            then = (await books.get(path, **params, known_at=known_at)).json()
            assert then == printed[path], path


async def test_every_fault_of_a_correction_is_named_at_once(books: Ledger) -> None:
    await collect(books, "pension", "7.00", "2021-07-10")
    account = {"name": "x", "account_class": "asset", "normal_side": "debit"}
    answer = await propose(
        books,
        funds=[
            ROW
            | {
                "code": "pension",
                "name": "基金",
                "in_force_from": "1999-07-01",
                "in_force_to": "2021-07-09",
            }
        ],
        accounts=[ROW | account | {"key": "twin_deposit", "code": "1002"}],
        flows=[
            ROW | {"kind": "receipt", "debit": "no_such", "credit": "benefit.*", "book": "memo"},
            ROW | PAYMENT | {"by": "collection_service payout"},
            ROW | PAYMENT | {"debit": "major_illness", "by": "bank_gateway"},
            ROW | PAYMENT | {"debit": "other_expense", "by": "any payout_service"},
        ],
        report_lines=[
            ROW | {"report": "income_statement", "line": "asset", "name": "x", "place": 1}
        ],
        adjustment_rules=[
            ROW | {"fund": "nope", "paid_up": "0.1", "size_cap": "0.1", "gap_share": "0.1"}
        ],
    )
    assert answer.status_code == 422, answer.text
    assert codes(answer) == {
        "HAS_ENTRIES",
        "CODE_TWICE",
        "ACCOUNT_UNKNOWN",
        "LINE_UNKNOWN",
        "FUND_UNKNOWN",
        "SENDERS_EXPECTED",
        "SENDER_UNKNOWN",
    }
    unknown = [one for one in answer.json()["errors"] if one["code"] == "SENDER_UNKNOWN"]
    assert len(unknown) == 3
    [expected] = [one for one in answer.json()["errors"] if one["code"] == "SENDERS_EXPECTED"]
    assert expected["message"].endswith("collection_service")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({}, {"NOTHING_TO_CORRECT"}),
        ({"funds": [{"code": "x_fund", "name": "x", **ROW}] * 2}, {"ROW_TWICE"}),
        (
            {"funds": [{"code": "x_fund", "name": "x", **ROW, "in_force_to": "2021-01-01"}]},
            {"ENDS_BEFORE_IT_BEGINS"},
        ),
        ({"closing_rules": [{"level": "day", "rule": "no_such", **ROW}]}, {"ENUM"}),
        ({"funds": [{"code": "x_fund", "name": "x", "in_force_from": "2022-01-01"}]}, {"MISSING"}),
        (
            {
                "report_lines": [
                    {"report": "balance_sheet", "line": "asset", "name": "x", "place": 0, **ROW}
                ]
            },
            {"GREATER_THAN_EQUAL"},
        ),
    ],
)
async def test_what_is_no_correction(
    ledger: Ledger, rows: dict[str, Any], expected: set[str]
) -> None:
    answer = await propose(ledger, **rows)
    assert (answer.status_code, codes(answer)) == (422, expected)


async def test_of_two_corrections_of_one_rule_the_second_must_be_proposed_anew(
    books: Ledger,
) -> None:
    row = {"code": "maternity", "in_force_from": "1999-07-01", "source": "x"}
    papers = [await propose(books, funds=[row | {"name": name}]) for name in ("甲", "乙")]
    assert (await approve(books, papers[0])).status_code == 200
    stale = await approve(books, papers[1])
    assert (stale.status_code, stale.json()["code"]) == (409, "CORRECTION_STALE")
    found = await rules(books, "fund", on="2021-07-01")
    assert next(one["name"] for one in found if one["code"] == "maternity") == "甲"


async def test_the_database_writes_no_rule_without_two_signatures(books: Ledger) -> None:
    proposed = await propose(books, funds=[ROW | {"code": "new_fund", "name": "新设基金"}])
    id = proposed.json()["id"][-32:]
    service = await Database(books.url, "ledger").connect_raw()
    try:
        for table in (
            "fund",
            "chart_account",
            "flow_matrix",
            "closing_rule",
            "adjustment_rule",
            "report_line",
            "warning_threshold",
            "personal_injection_rule",
            "rule_correction",
        ):
            for statement in (
                f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
                f"DELETE FROM {table}",
                f"UPDATE {table} SET source = 'x'",
            ):
                with pytest.raises(
                    (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedColumnError)
                ):
                    await service.execute(statement)
        with pytest.raises(asyncpg.CheckViolationError) as unsigned:
            await service.fetchval("SELECT apply_correction($1)", id)
        assert unsigned.value.constraint_name == "correction_two_people"
        with pytest.raises(asyncpg.CheckViolationError):
            await service.execute(
                "UPDATE correction SET status = 'done', approved_by = proposed_by WHERE id = $1", id
            )
        assert (await approve(books, proposed)).status_code == 200
        with pytest.raises(asyncpg.CheckViolationError) as twice:
            await service.fetchval("SELECT apply_correction($1)", id)
        assert twice.value.constraint_name == "correction_two_people"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute("UPDATE correction SET changes = '[]'")
    finally:
        await service.close()


async def test_what_corrections_are_not_there(ledger: Ledger) -> None:
    for id in ("x", "crr_" + "0" * 48, "crr_" + "1" * 48):
        assert (await ledger.get(f"/v1/corrections/{id}")).status_code == 404
        path = f"/v1/corrections/{id}/approvals"
        assert (await ledger.post(path, {}, Role.DEPARTMENT_HEAD)).status_code == 404
    assert (await ledger.get("/v1/rules/voucher")).status_code == 422
