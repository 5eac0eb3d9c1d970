"""Personal accounts at the door: bills once, interest once, control against the general ledger."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from httpx import Response

from services.ledger.personal.domain import interest
from shared.money import format_yuan, parse_yuan
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.persons import (
    PERSONAL,
    bill,
    close_year,
    control,
    credit,
    person,
    send,
    statement,
)
from tests.ledger.support.year import collect, new_ledger


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


async def test_a_bill_is_credited_once_however_often_it_comes(books: Ledger) -> None:
    first = bill([credit(1, "80.00"), credit(2, "60.00"), credit(1, "20.00", "medical")])
    assert (await send(books, first))["credited"] == 1
    # Persons' references may be written anew; the key inside is what counts.
    again = first | {
        "credits": [
            c | {"person": person(int(c["person"][4:20], 16))} for c in reversed(first["credits"])
        ]
    }
    other = first | {"credits": [credit(1, "80.01")]}
    assert (await send(books, again))["results"][0]["outcome"] == "replayed"
    assert (await send(books, other))["results"][0] == {
        "bill": first["bill"],
        "outcome": "refused",
        "code": "BILL_DIFFERS",
    }
    [medical, pension] = await statement(books, 1, to_year=2021)
    assert (medical["closing"], pension["closing"]) == ("20.00", "80.00")


async def test_the_same_bill_sent_by_many_at_once_is_credited_once(books: Ledger) -> None:
    one = bill([credit(key, "1.00") for key in range(1, 200)])
    answers = await asyncio.gather(*[send(books, one, bill([credit(7, "1.00")])) for _ in range(8)])
    assert sum(answer["credited"] for answer in answers) == 1 + 8
    assert sum(answer["refused"] for answer in answers) == 0
    assert (await control(books, deep=True, as_of="2021-12-31"))["credited"] == "207.00"


async def test_ten_thousand_credits_come_in_one_request_and_no_more(books: Ledger) -> None:
    sent = bill([credit(key, "1.23") for key in range(1, 10_001)])
    assert (await send(books, sent))["credited"] == 1
    answer = await control(books, deep=True, as_of="2021-12-31")
    assert (answer["credited"], answer["tie"]) == ("12300.00", True)
    too_many = [bill([credit(key, "1.00") for key in range(1, 5_002)]) for _ in range(2)]
    answer = await books.post("/v1/personal-credits", {"bills": too_many})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "TOO_MANY_CREDITS")


async def test_every_fault_of_a_batch_is_named_and_nothing_is_credited(books: Ledger) -> None:
    one = bill([credit(1, "1.00"), credit(1, "2.00"), credit(2, "1.00", "nope")])
    answer = await books.post("/v1/personal-credits", {"bills": [one, one]})
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("/bills/0/credits/1/person", "PERSON_TWICE"),
        ("/bills/0/credits/2/fund", "FUND_UNKNOWN"),
        ("/bills/1/bill", "BILL_TWICE"),
        ("/bills/1/credits/1/person", "PERSON_TWICE"),
        ("/bills/1/credits/2/fund", "FUND_UNKNOWN"),
    ]
    assert await statement(books, 1) == []


async def test_the_year_closes_once_and_every_person_gets_what_the_rule_says(
    books: Ledger,
) -> None:
    """The database closes in one statement; the rule in plain Python must say the same."""
    draw = random.Random(7)
    paid: dict[int, list[tuple[int, int]]] = {}
    for month in range(1, 13):
        credits = []
        for key in range(1, 60):
            if draw.random() < 0.7:
                fen = draw.randrange(1, 500_000)
                paid.setdefault(key, []).append((month, fen))
                credits.append(credit(key, format_yuan(fen)))
        await send(books, bill(credits, f"2020-{month:02d}-20"))
    run = await close_year(books, 2020)
    assert run.status_code == 200, run.text
    again = await close_year(books, 2020)
    assert again.json() == run.json()
    assert (run.json()["people"], run.json()["rate"]) == (len(paid), "0.0604")
    total_fen = 0
    for key, credits_fen in paid.items():
        [year] = await statement(books, key, to_year=2020)
        expected_fen = interest(0, credits_fen, 60_400)
        assert parse_yuan(year["interest"]) == expected_fen
        assert (year["opening"], year["is_closed"]) == ("0.00", True)
        total_fen += expected_fen
    assert parse_yuan(run.json()["interest"]) == total_fen
    # The next year begins with what this one ended with, and bears interest on it.
    second = await close_year(books, 2021)
    assert second.json()["opening"] == run.json()["closing"]
    key, credits_fen = next(iter(paid.items()))
    closing_fen = sum(fen for _, fen in credits_fen) + interest(0, credits_fen, 60_400)
    old, new = await statement(books, key, to_year=2021)
    assert (old["closing"], new["opening"]) == (format_yuan(closing_fen),) * 2
    assert parse_yuan(new["interest"]) == interest(closing_fen, [], 66_900)


async def test_a_statement_is_printed_with_the_rate_of_each_closed_year(books: Ledger) -> None:
    await send(books, bill([credit(1, "1200.00")], "2020-01-15"))
    assert (await close_year(books, 2020)).status_code == 200
    path = f"/v1/personal-accounts/{person(1)}/statement"
    printed = await books.get(path, Role.SUPERVISOR, format="html", from_year=2020, to_year=2020)
    assert printed.headers["content-type"].startswith("text/html")
    for text in (
        "个人账户对账单",
        "企业职工基本养老保险",
        "1,200.00",
        "6.04%",
        "66.44",
        "1,266.44",
    ):
        assert text in printed.text, text


async def test_nothing_is_added_to_a_closed_year_and_years_close_in_order(books: Ledger) -> None:
    await send(books, bill([credit(1, "10.00")], "2020-03-01"))
    for year, why in [(2021, "2020 is open"), (2999 - 999, "long past"), (2026, "not over")]:
        refused = await close_year(books, year)
        assert refused.json()["code"] == "PERSONAL_YEAR_NOT_READY", why
    assert (await close_year(books, 2020)).status_code == 200
    late = bill([credit(1, "5.00")], "2020-12-31")
    assert (await send(books, late))["results"][0]["code"] == "PERSONAL_YEAR_CLOSED"
    body = {
        "paper": "late",
        "person": person(1),
        "fund": "pension",
        "direction": "in",
        "amount": "1.00",
        "day": "2020-06-01",
    }
    for outcome in ("credited", "replayed"):
        moved = await books.post("/v1/personal-transfers", body, Role.PAYOUT_SERVICE)
        assert moved.json()["outcome"] == outcome
    [_, first_open] = await statement(books, 1, to_year=2021)
    assert (first_open["year"], first_open["transfer_in"]) == (2021, "1.00")
    rate = {"fund": "pension", "year": 2020, "rate": "0.07", "source": "更正"}
    refused = await books.post("/v1/personal-rates", rate, Role.CENTRE_AUDITOR)
    assert refused.json()["code"] == "PERSONAL_YEAR_CLOSED"


async def test_crediting_while_the_year_closes_neither_loses_nor_slips_in(books: Ledger) -> None:
    await send(books, bill([credit(1, "1.00")], "2020-01-01"))
    bills = [bill([credit(2, "1.00")], "2020-06-01") for _ in range(30)]
    closing, *outcomes = await asyncio.gather(
        close_year(books, 2020), *[send(books, one) for one in bills]
    )
    credited = sum(one["credited"] for one in outcomes)
    assert parse_yuan(closing.json()["credited"]) == 100 + 100 * credited
    refused = {r["code"] for one in outcomes for r in one["results"] if r["outcome"] == "refused"}
    assert refused <= {"PERSONAL_YEAR_CLOSED"}


async def test_a_rate_is_a_dated_row_with_its_document(books: Ledger) -> None:
    await send(books, bill([credit(1, "100.00", "medical")], "2020-01-15"))
    assert (await close_year(books, 2020, "medical")).json()["code"] == "PERSONAL_YEAR_NOT_READY"
    rate = {"fund": "medical", "year": 2020, "rate": "0.12", "source": "津医保〔2021〕1号"}
    assert (await books.post("/v1/personal-rates", rate, Role.FUND_ACCOUNTANT)).status_code == 403
    ids: list[str] = []
    for value in ("0.12", "0.24"):
        made = await books.post("/v1/personal-rates", rate | {"rate": value}, Role.CENTRE_AUDITOR)
        assert made.status_code == 201, made.text
        assert (await close_year(books, 2020, "medical")).status_code == 409, "approved by nobody"
        path = f"/v1/personal-rates/{made.json()['id']}/approvals"
        for role in (Role.CENTRE_AUDITOR, Role.FUND_ACCOUNTANT):
            assert (await books.post(path, {}, role)).status_code == 403
        ids.append(made.json()["id"])
    first, second = ids
    answer = (await books.get("/v1/personal-rates")).json()
    assert [one["id"] for one in answer["proposed"]] == [second, first]
    assert all(one["fund"] == "pension" for one in answer["items"])
    for id in (first, second, second):
        path = f"/v1/personal-rates/{id}/approvals"
        done = await books.post(path, {}, Role.DEPARTMENT_HEAD)
        assert (done.status_code, done.json()["approved_by"]) == (200, "department_head"), done.text
    another = await books.post(path, {}, Role.DEPARTMENT_HEAD, subject="another.head")
    assert another.json()["code"] == "STATE_CONFLICT"
    assert (await close_year(books, 2020, "medical")).json()["interest"] == "22.00"


async def test_transfers_out_never_exceed_what_there_is_however_many_at_once(
    books: Ledger,
) -> None:
    await send(books, bill([credit(1, "100.00")]))

    async def out(paper: str, amount: str, direction: str = "out") -> Response:
        body = {
            "paper": paper,
            "person": person(1),
            "fund": "pension",
            "direction": direction,
            "amount": amount,
            "day": "2021-08-01",
        }
        return await books.post("/v1/personal-transfers", body, Role.PAYOUT_SERVICE)

    answers = await asyncio.gather(*[out(f"out-{n}", "30.00") for n in range(6)])
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"PERSONAL_BALANCE_TOO_SMALL"}
    done = next(n for n, answer in enumerate(answers) if answer.status_code == 201)
    assert (await out(f"out-{done}", "30.00")).json()["outcome"] == "replayed"
    assert (await out(f"out-{done}", "29.00")).json()["code"] == "STATE_CONFLICT"
    assert (await out("in-1", "5.00", "in")).json()["outcome"] == "credited"
    [year] = await statement(books, 1, to_year=2021)
    assert (year["transfer_in"], year["transfer_out"], year["closing"]) == (
        "5.00",
        "-90.00",
        "15.00",
    )
    assert (await out("heirs", "15.01", "withdrawal")).json()[
        "code"
    ] == "PERSONAL_BALANCE_TOO_SMALL"
    assert (await out("heirs", "15.00", "withdrawal")).status_code == 201
    answer = await books.get(
        "/v1/personal-balances", Role.PAYOUT_SERVICE, person=[person(1), person(2)]
    )
    [held] = answer.json()["items"]
    assert (held["fund"], held["balance"], len(held["taken"])) == ("pension", "0.00", 4)
    assert {"paper": "heirs", "amount": "15.00"} in held["taken"]


async def test_retirees_are_injected_once_a_month_by_their_age(books: Ledger) -> None:
    body = {
        "fund": "medical",
        "period": "2021-07",
        "day": "2021-07-10",
        "people": [
            {"person": person(1), "born": "1960-01"},
            {"person": person(2), "born": "1940-01"},
            {"person": person(3), "born": "1928-01", "standing": "founding"},
        ],
    }
    for counts in ((3, 0), (0, 3)):
        answer = (await books.post("/v1/personal-injections", body, Role.PAYOUT_SERVICE)).json()
        assert (answer["credited"], answer["replayed"], answer["differing"]) == (*counts, 0)
    amounts = [(await statement(books, key, to_year=2021))[0]["injection"] for key in (1, 2, 3)]
    assert amounts == ["40.00", "50.00", "60.00"]
    older = body | {"people": [{"person": person(1), "born": "1930-01"}]}
    answer = (await books.post("/v1/personal-injections", older, Role.PAYOUT_SERVICE)).json()
    assert (answer["credited"], answer["differing"]) == (0, 1)
    other = await books.post(
        "/v1/personal-injections", body | {"fund": "work_injury"}, Role.PAYOUT_SERVICE
    )
    assert other.json()["code"] == "INJECTION_RULE_MISSING"


async def test_persons_never_have_more_than_the_fund_received_for_them(books: Ledger) -> None:
    await collect(books, "pension", "100.00", "2021-07-20", account=PERSONAL)
    await send(books, bill([credit(1, "60.00"), credit(2, "30.00")]))
    answer = await control(books, as_of="2021-07-31", deep=True)
    assert (
        answer["ledger"],
        answer["credited"],
        answer["uncredited"],
        answer["holds"],
        answer["tie"],
    ) == (
        "100.00",
        "90.00",
        "10.00",
        True,
        True,
    )
    assert (await control(books, as_of="2021-07-22"))["credited"] == "0.00"
    await send(books, bill([credit(3, "10.01")]))
    answer = await control(books, as_of="2021-07-31")
    assert (answer["holds"], answer["all"], answer["uncredited"]) == (False, False, "-0.01")


async def test_a_credit_that_was_changed_behind_the_doors_is_found(books: Ledger) -> None:
    await collect(books, "pension", "100.00", "2021-07-20", account=PERSONAL)
    await send(books, bill([credit(1, "60.00")]), bill([credit(2, "30.00")]))
    admin = await asyncpg.connect(books.url, server_settings={"search_path": "ledger"})
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await admin.execute("UPDATE personal_credit SET amount_fen = 1")
        await admin.execute("ALTER TABLE personal_credit DISABLE TRIGGER ALL")
        await admin.execute("UPDATE personal_credit SET amount_fen = 6001 WHERE person_id = 1")
    finally:
        await admin.close()
    answer = await control(books, as_of="2021-07-31", deep=True)
    assert (answer["tie"], answer["all"]) == (False, False)


async def test_only_who_may_reads_a_person_or_credits_one(books: Ledger) -> None:
    path = f"/v1/personal-accounts/{person(1)}/statement"
    for role, district in [
        (Role.DASHBOARD, "centre"),
        (Role.DISTRICT_CLERK, "heping"),
        (Role.TAX_BUREAU, "centre"),
    ]:
        assert (await books.get(path, role, district)).status_code == 403
    assert (await books.get("/v1/personal-accounts/per_1/statement")).status_code == 404
    body = {"bills": [bill([credit(1, "1.00")])]}
    for role in (Role.FUND_ACCOUNTANT, Role.SUPERVISOR, Role.DASHBOARD):
        assert (await books.post("/v1/personal-credits", body, role)).status_code == 403
    for role in (Role.COLLECTION_SERVICE, Role.DEPARTMENT_HEAD):
        rate = {"fund": "pension", "year": 2020}
        assert (await books.post("/v1/personal-interest", rate, role)).status_code == 403


async def test_whoever_recorded_a_rate_cannot_approve_it_by_any_way(books: Ledger) -> None:
    """By the flow, and by the database should the flow forget."""
    rate = {"fund": "medical", "year": 2020, "rate": "0.12", "source": "津医保〔2021〕1号"}
    made = await books.post("/v1/personal-rates", rate, Role.CENTRE_AUDITOR, subject="same.person")
    path = f"/v1/personal-rates/{made.json()['id']}/approvals"
    refused = await books.post(path, {}, Role.DEPARTMENT_HEAD, subject="same.person")
    assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON_TWICE")
    admin = await asyncpg.connect(books.url, server_settings={"search_path": "ledger"})
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await admin.execute(
                "INSERT INTO personal_rate_approval (id, recorded_by, approved_by)"
                " SELECT id, recorded_by, recorded_by FROM personal_rate WHERE fund = 'medical'"
            )
        with pytest.raises(asyncpg.RestrictViolationError):
            await admin.execute("DELETE FROM personal_rate_approval")
    finally:
        await admin.close()
    unknown = await books.post(
        f"/v1/personal-rates/prt_{0:016x}{1:032x}/approvals", {}, Role.DEPARTMENT_HEAD
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "PERSONAL_RATE_NOT_FOUND")


async def test_a_restated_month_may_take_back_what_it_names_and_nothing_else_may(
    books: Ledger,
) -> None:
    await send(books, bill([credit(1, "80.00"), credit(2, "60.00")]))
    changed = bill([credit(1, "-5.00"), credit(3, "5.00")], "2021-08-02")
    refused = await books.post("/v1/personal-credits", {"bills": [changed]})
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/bills/0/credits/0/amount", "CORRECTS_MISSING")
    zero = bill([credit(1, "0.00")], corrects="paper-0")
    refused = await books.post("/v1/personal-credits", {"bills": [zero]})
    assert [fault["code"] for fault in refused.json()["errors"]] == ["AMOUNT_ZERO"]
    for outcome in ("credited", "replayed"):
        answer = await send(books, changed | {"corrects": "paper-1"})
        assert answer["results"][0]["outcome"] == outcome
    answer = await send(books, changed | {"corrects": "paper-2"})
    assert answer["results"][0]["code"] == "BILL_DIFFERS", "what is corrected is part of it"
    [year] = await statement(books, 1, to_year=2021)
    assert (year["contribution"], year["closing"]) == ("75.00", "75.00")
    answer = await control(books, as_of="2021-12-31", deep=True)
    assert (answer["credited"], answer["tie"]) == ("140.00", True)
