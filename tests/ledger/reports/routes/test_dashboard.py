"""Flows, rates, months of payment, warnings and entity tags over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.ledger.reports.domain.cube import CubeFilter
from services.ledger.reports.flows.cube import CubeCache
from services.ledger.reports.store import balance as balance_store
from shared import clock
from shared.money import parse_yuan
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.correcting import correct
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.year import bill, close, collect, identify, new_ledger, pay, suspend


@pytest.fixture(scope="module")
async def played(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Play two months of pension: billed 1,000 and 500, collected 900 + 300, paid 120, 40 in suspense."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        await bill(ledger, "pension", "1000.00", "2021-07-01")
        await bill(ledger, "pension", "500.00", "2021-08-01", "nankai")
        await collect(ledger, "pension", "900.00", "2021-07-10")
        await collect(
            ledger,
            "pension",
            "300.00",
            "2021-08-10",
            "nankai",
            "contribution_income.personal_account",
        )
        await ledger.settle("sweep", "2021-08-20")
        amounts = [{"fund": "pension", "amount": "200.00"}]
        await ledger.settle("expenditure_funding", "2021-08-20", amounts=amounts)
        await pay(ledger, "pension", "benefit.basic_pension", "120.00", "2021-08-21")
        await suspend(ledger, "40.00", "2021-08-25")
        yield ledger


def of_fund(body: dict[str, Any], fund: str = "pension") -> dict[str, Any]:
    return next(one for one in body["funds"] if one["fund"] == fund)


async def flows(ledger: Ledger, first: str, last: str, **more: Any) -> list[dict[str, Any]]:
    parameters = {"from": first, "to": last} | more
    answer = await ledger.get("/v1/funds/flows", Role.DASHBOARD, **parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_flows_by_month_lead_from_opening_to_closing(played: Ledger) -> None:
    items = await flows(
        played,
        "2021-07-05",
        "2021-08-31",
        group_by="month",
        account="income_deposit",
        fund="pension",
    )
    rows = [(i["group"], i["opening"], i["debit"], i["credit"], i["closing"]) for i in items]
    assert rows == [
        ("2021-07", "0.00", "900.00", "0.00", "900.00"),
        ("2021-08", "900.00", "340.00", "1200.00", "40.00"),
    ]


async def test_flows_by_district_and_day_are_on_the_normal_side(played: Ledger) -> None:
    by_district = await flows(
        played,
        "2021-08-01",
        "2021-08-31",
        group_by="district",
        account="contribution_income",
        book="statutory",
    )
    assert [(i["account"], i["group"], i["opening"], i["closing"]) for i in by_district] == [
        ("contribution_income.personal_account", "nankai", "0.00", "300.00"),
        ("contribution_income.pooled", "heping", "900.00", "900.00"),
    ]
    by_day = await flows(played, "2021-08-01", "2021-08-31", group_by="day", account="benefit")
    assert [(i["group"], i["debit"]) for i in by_day] == [("2021-08-21", "120.00")]


async def test_a_flow_links_to_its_entries(played: Ledger) -> None:
    [flow] = await flows(played, "2021-08-01", "2021-08-31", account="fiscal_deposit")
    path, _, query = flow["entries"].partition("?")
    parameters = dict(part.split("=") for part in query.split("&"))
    entries = (await played.get(path, **parameters)).json()["items"]
    assert [(one["side"], one["amount"]) for one in entries] == [
        ("debit", "1200.00"),
        ("credit", "200.00"),
    ]


async def test_pages_of_flows_join_without_a_gap(played: Ledger) -> None:
    whole = await flows(played, "2021-07-01", "2021-08-31", group_by="day")
    pages: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        parameters = {
            "from": "2021-07-01",
            "to": "2021-08-31",
            "group_by": "day",
            "limit": 3,
        } | cursor
        page = (await played.get("/v1/funds/flows", **parameters)).json()
        pages += page["items"]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert (pages, len(pages) > 6) == (whole, True)


async def test_a_district_sees_only_its_own_flows(played: Ledger) -> None:
    parameters = {"from": "2021-07-01", "to": "2021-08-31", "group_by": "district"}
    mine = await played.get("/v1/funds/flows", Role.DISTRICT_CLERK, "nankai", **parameters)
    assert {one["group"] for one in mine.json()["items"]} == {"nankai"}
    other = await played.get(
        "/v1/funds/flows", Role.DISTRICT_CLERK, "nankai", **parameters, district="heping"
    )
    assert other.status_code == 403
    for path in ("/v1/measures/capacity", "/v1/warnings", "/v1/events"):
        assert (await played.get(path, Role.DISTRICT_CLERK, "nankai")).status_code == 403


@pytest.mark.parametrize(
    ("first", "last"), [("2021-08-02", "2021-08-01"), ("2001-01-01", "2021-01-01")]
)
async def test_a_span_the_wrong_way_round_or_too_long_is_refused(
    played: Ledger, first: str, last: str
) -> None:
    parameters = {"from": first, "to": last}
    for path in ("/v1/funds/flows", "/v1/measures/collection"):
        answer = await played.get(path, **parameters)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "SPAN_INVALID")


async def test_rates_have_definitions_and_link_to_entries(played: Ledger) -> None:
    parameters = {"from": "2021-07-01", "to": "2021-08-31"}
    body = (await played.get("/v1/measures/collection", **parameters)).json()
    assert set(body["definitions"]) == {"collection_rate", "arrival_rate"}
    collected, arrived = of_fund(body)["measures"]
    assert (collected["value"], arrived["value"]) == ("0.800000", "0.800000")
    assert collected["numerator"]["amount"] == arrived["numerator"]["amount"] == "1200.00"
    assert collected["denominator"]["amount"] == "1500.00"
    total_fen = 0
    for link in arrived["numerator"]["entries"]:
        path, _, query = link.partition("?")
        found = (await played.get(path, **dict(p.split("=") for p in query.split("&")))).json()
        total_fen += sum(parse_yuan(one["amount"]) for one in found["items"])
    assert total_fen == 120_000
    assert of_fund(body, "medical")["measures"][0]["value"] is None


async def test_months_of_payment_come_from_the_books(played: Ledger) -> None:
    body = (await played.get("/v1/measures/capacity", as_of="2021-08-31")).json()
    pension = of_fund(body)
    # 1,240 received less 120 paid less 40 owed back = 1,080; 120 a year is 10 a month.
    assert (pension["accumulated"], pension["year_payout"], pension["months"]) == (
        "1080.00",
        "120.00",
        "108.00",
    )
    assert (pension["paying_since"], pension["full_year"]) == ("2021-08-21", False)
    assert of_fund(body, "medical")["months"] is None


async def test_warnings_name_fund_value_threshold_and_source(played: Ledger) -> None:
    body = (await played.get("/v1/warnings", as_of="2021-08-31")).json()
    warnings = {(one["fund"], one["measure"]): one for one in body["items"]}
    assert set(warnings) == {
        ("pension", "collection_rate"),
        ("pension", "arrival_rate"),
        ("pension", "suspense"),
    }
    rate = warnings["pension", "collection_rate"]
    assert (rate["value"], rate["threshold"]["value"]) == ("0.800000", "0.950000")
    assert rate["threshold"]["source"]


async def test_an_operator_corrects_a_threshold_by_a_dated_row(played: Ledger) -> None:
    row = {
        "measure": "collection_rate",
        "fund": "pension",
        "severity": "warning",
        "comparison": "below",
        "value": "0.79",
        "in_force_from": "2021-08-30",
        "source": "津社保〔2021〕8号",
    }
    await correct(played, thresholds=[row])
    rows = (await played.get("/v1/warning-thresholds", as_of="2021-08-30")).json()["items"]
    made = next(one for one in rows if one["fund"] == "pension")
    assert (made["value"], made["recorded_by"]) == ("0.790000", "fund_accountant")
    for day, warned in [("2021-08-29", True), ("2021-08-30", False)]:
        items = (await played.get("/v1/warnings", as_of=day)).json()["items"]
        assert any(i["measure"] == "collection_rate" for i in items) is warned
    for change in (
        {"value": "0.1234567"},
        {"fund": "nope"},
        {"measure": "suspense", "value": "0.001"},
        {"in_force_to": "2021-01-01"},
    ):
        body = {"why": "x", "thresholds": [row | change]}
        answer = await played.post("/v1/corrections", body, Role.FUND_ACCOUNTANT)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED"), change


# --- copies ---------------------------------------------------------------------------------


async def ask(
    ledger: Ledger,
    tag: str | None = None,
    role: Role = Role.DASHBOARD,
    of: str = "centre",
    **params: Any,
) -> Any:
    headers = ledger.bearer(role, of) | ({"If-None-Match": tag} if tag else {})
    return await ledger.client.get("/v1/funds/balances", params=params, headers=headers)


async def test_an_unchanged_balance_is_not_sent_again(played: Ledger) -> None:
    first = await ask(played, as_of="2021-08-31")
    tag = first.headers["etag"]
    again = await ask(played, f'"other", {tag}', as_of="2021-08-31")
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await ask(played, '"other"', as_of="2021-08-31")).content == first.content
    # Another day, another district: other answers, other tags.
    assert (await ask(played, tag, as_of="2021-08-30")).status_code == 200
    assert (await ask(played, tag, as_of="2021-08-31", district="nankai")).status_code == 200
    entries = pair("pension", "income_deposit", "contribution_income.pooled", "1.00")
    await played.post("/v1/vouchers", receipt(book_date="2021-08-31", entries=entries))
    changed = await ask(played, tag, as_of="2021-08-31")
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)
    assert changed.content != first.content


async def test_a_hold_changes_the_tag_as_it_changes_the_answer(played: Ledger) -> None:
    tag = (await ask(played)).headers["etag"]
    body = {"event_id": "h-etag", "fund": "pension", "amount": "5.00", "summary": "预留"}
    assert (await played.post("/v1/holds", body, Role.PAYOUT_SERVICE)).status_code == 201
    changed = await ask(played, tag)
    assert (changed.status_code, of_fund(changed.json())["held"]) == (200, "5.00")


async def test_the_cube_equals_the_buckets_even_in_a_new_process(played: Ledger) -> None:
    db = played.books.db
    for day in (clock.today(), clock.today().replace(year=2021, month=8, day=10)):
        async with db.transaction() as tx:
            expected = await balance_store.sums(tx, as_of=day)
        fresh = CubeCache(db)
        for cubes in (played.app.state.cubes, fresh):
            assert (await cubes.cube()).sums(day, CubeFilter()) == expected
        fresh.close()


async def test_a_cube_of_other_chains_is_filled_again(played: Ledger) -> None:
    cubes: CubeCache = played.app.state.cubes
    cube = await cubes.cube()
    expected = cube.sums(clock.today(), CubeFilter())
    slot = max(cube.heads, key=lambda s: cube.heads[s].seq)
    # As if this copy had been made from a database that was set back and went another way.
    cube.heads = dict(cube.heads) | {
        slot: cube.heads[slot]._replace(seq=cube.heads[slot].seq - 1, hash=b"other")
    }
    cube.districts.clear()
    assert (await cubes.cube()).sums(clock.today(), CubeFilter()) == expected


async def test_a_carry_over_changes_neither_rates_nor_payouts(played: Ledger) -> None:
    parameters = {"from": "2021-01-01", "to": "2021-12-31"}
    before = (await played.get("/v1/measures/collection", **parameters)).json()
    saved = (await played.get("/v1/measures/capacity", as_of="2021-12-31")).json()
    await identify(played, "40.00", "2021-09-01")
    await played.settle("sweep", "2021-12-31")
    after_match = (await played.get("/v1/measures/collection", **parameters)).json()
    await close(played, "month", "2021-12")
    await close(played, "year", "2021")
    assert (await played.get("/v1/measures/collection", **parameters)).json() == after_match
    assert of_fund(before)["measures"][1]["numerator"]["amount"] == "1201.00"
    assert of_fund(after_match)["measures"][1]["numerator"]["amount"] == "1241.00"
    closed = of_fund((await played.get("/v1/measures/capacity", as_of="2021-12-31")).json())
    assert closed["year_payout"] == of_fund(saved)["year_payout"] == "120.00"
    assert closed["accumulated"] == "1121.00"


async def test_concurrent_readers_share_a_read_and_none_gets_a_stale_answer(
    played: Ledger,
) -> None:
    async def post_then_read(number: int) -> None:
        entries = pair("maternity", "income_deposit", "contribution_income.pooled", "1.00")
        body = receipt(owner=f"CROWD-{number}", book_date="2022-01-05", entries=entries)
        assert (await played.post("/v1/vouchers", body)).status_code == 201
        done.append(number)
        least = len(done)
        found = of_fund((await ask(played)).json(), "maternity")["accounts"]["income_deposit"]
        assert parse_yuan(found) >= least * 100

    done: list[int] = []
    await asyncio.gather(*[post_then_read(number) for number in range(60)])
