"""Persons are credited of bills that are settled in full, once, and to the fen; the real ledger listens."""

from __future__ import annotations

import httpx
import pytest

from services.collection.personal.jobs import PersonalCreditJob
from shared.ids import Ref
from shared.money import format_yuan, parse_yuan
from shared.references import Reference
from tests.collection.support.city import DAY, City, billed, shares
from tests.collection.support.late import AUGUST, done, handled, papers, summed_up
from tests.collection.support.late import billed as billed_by_default
from tests.collection.support.register import people_of
from tests.collection.support.restating import (
    a_unit,
    bill,
    bill_of,
    corrected,
    credits_of,
    declared,
    pay,
)


async def test_nobody_is_credited_before_the_whole_bill_is_settled(city: City) -> None:
    unit, paper, total_fen = await billed(city, "10000.00", "5000.00")
    await pay(city.office, unit, format_yuan(total_fen - 1), "2021-07", DAY)
    await city.deliver()
    assert await city.total(unit) == {}
    personal = (await city.control())["funds"]["pension"]["personal"]
    assert parse_yuan(personal["part_paid"]) > 0
    await pay(city.office, unit, "0.01", "2021-07", DAY)
    await city.deliver()
    assert await city.total(unit) == shares(paper)
    accounts = await city.accounts(unit)
    assert {"pension": "800.00", "medical": "200.00"} in accounts
    assert {"pension": "400.00", "medical": "100.00"} in accounts
    personal = (await city.control())["funds"]["pension"]["personal"]
    assert (personal["part_paid"], personal["in_delivery"]) == ("0.00", "0.00")


async def test_bought_months_are_credited_as_one_sum(city: City) -> None:
    unit = await a_unit(city.office, people=1)
    (known,) = await people_of(city.office, unit.code)
    body = {"credit_code": unit.code, "person": known["person"], "period": "2021-07"}
    months = {"first": "2019-01", "last": "2020-12", "base": "5000.00", "document": "津和补7号"}
    made = await city.office.post("district_clerk", "/v1/contribution-extensions", body | months)
    paper = {"id": made.json()["declaration"], "district": "heping", "period": "2021-07"}
    await bill(city.office, city.db, paper)
    await pay(city.office, unit, made.json()["total"], "2021-07", DAY)
    await city.deliver()
    # 8 % of 24 months of 5,000.
    assert await city.accounts(unit) == [{"pension": "9600.00"}]


async def test_a_settled_bill_is_on_its_way_until_the_ledger_has_it(city: City) -> None:
    unit, _, total_fen = await billed(city, "10000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    while await city.relay.step():
        pass
    personal = (await city.control())["funds"]["pension"]["personal"]
    assert personal["in_delivery"] == "800.00"
    waiting = (await city.office.get("supervisor", "/v1/personal-deliveries")).json()
    assert waiting == {"waiting": 1, "refused": 0}
    await city.deliver()
    assert (await city.control("2021-08-19"))["funds"]["pension"]["personal"]["credited"] != (
        (await city.control())["funds"]["pension"]["personal"]["credited"]
    ), "it is credited on the day on which the bill was settled"
    rows = await city.office.fetch(
        "SELECT credited_on, people FROM personal_credit WHERE unit_id = $1", unit.id
    )
    assert [(str(row["credited_on"]), row["people"]) for row in rows] == [(DAY, 1)]


async def test_a_worker_that_dies_after_the_ledger_answered_credits_once(city: City) -> None:
    unit, paper, total_fen = await billed(city, "10000.00", "6000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    city.way.lost = 3
    for _ in range(3):
        with pytest.raises(httpx.ReadError):
            await city.crediting.step()
    assert await city.total(unit) == shares(paper), "the ledger has it, collection does not know"
    await city.deliver()
    assert await city.total(unit) == shares(paper)
    assert (await city.office.get("supervisor", "/v1/personal-deliveries")).json()["waiting"] == 0


async def test_telling_everything_again_changes_nothing(city: City) -> None:
    unit, _, total_fen = await billed(city, "10000.00", "6000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    await city.deliver()
    before = (await city.accounts(unit), await city.control())
    rows = await city.office.fetch(
        "SELECT unit_id, chunk, credited_on, people, totals_fen, refused FROM personal_credit"
        " ORDER BY declaration_id"
    )
    for path, named in (
        ("/v1/outbox/replays", "messages"),
        ("/v1/personal-deliveries/replays", "deliveries"),
    ):
        answer = await city.office.post("fund_accountant", path, {named: "sent"})
        assert answer.json()["replayed"] > 0
        await city.deliver()
    assert (await city.accounts(unit), await city.control()) == before
    again = await city.office.fetch(
        "SELECT unit_id, chunk, credited_on, people, totals_fen, refused FROM personal_credit"
        " ORDER BY declaration_id"
    )
    assert again == rows
    refused = await city.office.post("supervisor", path, {})
    assert refused.status_code == 403


async def test_two_workers_credit_once_and_one_of_them_waits(city: City) -> None:
    unit, paper, total_fen = await billed(city, "10000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    other = PersonalCreditJob(city.db, city.crediting._accounts)
    assert await city.crediting.step() == 1
    assert await other.step() == 0, "the first one holds the lease"
    assert await city.total(unit) == shares(paper)


async def test_a_restated_month_credits_each_person_the_difference(city: City) -> None:
    unit, paper, total_fen = await billed(city, "10000.00", "8000.00", "6000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    await city.deliver()
    # One earns more, one less, one was never there, one was forgotten.
    people = [*unit.at("11000.00", "7000.00"), unit.people[3] | {"wage": "9000.00"}]
    second = await corrected(
        city.office, paper, unit, people=people, control={"people": 3, "wages": "27000.00"}
    )
    await bill(city.office, city.db, second, bill_date="2021-09-12")
    rest_fen = parse_yuan((await bill_of(city.office, second))["total"])
    if rest_fen:
        await pay(city.office, unit, format_yuan(rest_fen), "2021-07", "2021-09-20")
    await city.deliver()
    assert await city.total(unit) == shares(second)
    accounts = await city.accounts(unit)
    assert sorted(account["pension"] for account in accounts) == [
        "0.00",
        "560.00",
        "720.00",
        "880.00",
    ]


async def test_a_restated_months_credit_stays_open_until_it_is_used(
    city: City,
) -> None:
    unit, paper, total_fen = await billed(city, "10000.00", "8000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    await city.deliver()
    less = await corrected(city.office, paper, unit, "9000.00", "8000.00")
    await bill(city.office, city.db, less, bill_date="2021-09-12")
    await city.deliver()
    assert await city.total(unit) == shares(less)
    assert await credits_of(city.office, unit)
    personal = (await city.control())["funds"]["pension"]["personal"]
    assert parse_yuan(personal["standing_credits"]) >= 80_00
    stood_fen = parse_yuan(personal["standing_credits"])
    august = await declared(city.office, unit, "9000.00", "8000.00", period="2021-08")
    await bill(city.office, city.db, august, bill_date="2021-09-12")
    issued = await bill_of(city.office, august)
    await pay(city.office, unit, issued["total"], "2021-08", "2021-09-25")
    await city.deliver()
    both = {fund: 2 * fen for fund, fen in shares(less).items()}
    assert await city.total(unit) == both, "the lowered bill credits what its paper says"
    personal = (await city.control())["funds"]["pension"]["personal"]
    assert stood_fen - parse_yuan(personal["standing_credits"]) == 80_00


async def test_a_correction_waits_until_what_it_corrects_is_paid(city: City) -> None:
    """An unpaid month lowered by its correction: one person never stands below zero."""
    unit, paper, total_fen = await billed(city, "10000.00", "8000.00")
    less = await corrected(city.office, paper, unit, "9000.00", "8000.00")
    await bill(city.office, city.db, less, bill_date="2021-09-12")
    await city.deliver()
    assert await city.total(unit) == {}
    open_now = await bill_of(city.office, paper)
    assert parse_yuan(open_now["total"]) < total_fen
    await pay(city.office, unit, open_now["total"], "2021-07", "2021-09-20")
    await city.deliver()
    assert await city.total(unit) == shares(less)
    assert all(
        not account.get("pension", "0").startswith("-") for account in await city.accounts(unit)
    )


async def test_a_default_names_nobody_until_the_unit_files(city: City) -> None:
    office = city.office
    unit = await a_unit(office, collector="tax", district="hexi")
    july = await declared(office, unit, "6500.00", "30000.00")
    await bill(office, city.db, july)
    await pay(office, unit, (await bill_of(office, july))["total"], "2021-07", DAY)
    await done(office, "hexi")
    [default] = await papers(office, unit.code)
    await handled(office, default)
    await billed_by_default(office, await summed_up(office, "hexi"))
    issued = await bill_of(office, default)
    await pay(office, unit, issued["total"], AUGUST, "2021-12-22")
    await city.deliver()
    assert await city.total(unit) == shares(july)
    personal = (await city.control())["funds"]["pension"]["personal"]
    unnamed_fen = parse_yuan(personal["unnamed"])
    assert unnamed_fen == sum(
        parse_yuan(line["amount"])
        for line in default["lines"]
        if (line["fund"], line["account"]) == ("pension", "personal_account")
    )
    filed = await declared(office, unit, "6500.00", "30000.00", period=AUGUST)
    await handled(office, filed)
    await billed_by_default(office, await summed_up(office, "hexi"))
    await city.deliver()
    assert await city.total(unit) == {fund: 2 * fen for fund, fen in shares(july).items()}
    personal = (await city.control())["funds"]["pension"]["personal"]
    assert personal["unnamed"] == "0.00"


async def test_a_unit_of_many_thousands_is_sent_in_bounded_chunks(city: City) -> None:
    """Its people are put into the paper directly, with keys spread as persons' keys are."""
    unit = await a_unit(city.office, collector="tax")
    paper = await declared(city.office, unit, "10000.00")
    paper_id = Ref.parse(Reference.DECLARATION, paper["id"])
    for table, columns in (
        (
            "declaration_levy",
            "amount_fen = ARRAY(SELECT 12000 * fen FROM unnest(amount_fen) AS fen),"
            " base_fen = ARRAY(SELECT 12000 * fen FROM unnest(base_fen) AS fen)",
        ),
        (
            "declaration",
            "people = 12000, wages_fen = wages_fen * 12000, unit_fen = unit_fen * 12000,"
            " personal_fen = personal_fen * 12000, total_fen = total_fen * 12000",
        ),
    ):
        name = "id" if table == "declaration" else "declaration_id"
        await city.office.fetch(
            f"UPDATE {table} SET {columns} WHERE unit_id = $1 AND {name} = $2",
            paper_id.key,
            paper_id.id,
        )
    await city.office.fetch(
        "INSERT INTO declaration_people (unit_id, declaration_id, round, first_line, insurances,"
        "                                person_id, wage_fen, base_fen, unit_fen, personal_fen)"
        " SELECT unit_id, declaration_id, round, first_line + n, insurances,"
        "        ARRAY[CAST(CAST('x' || substr(md5(CAST(n AS text)), 1, 16) AS bit(64)) AS bigint)"
        "              & 9223372036854775807], wage_fen, base_fen, unit_fen, personal_fen"
        "   FROM declaration_people, generate_series(1, 11999) AS n"
        "  WHERE unit_id = $1 AND declaration_id = $2",
        paper_id.key,
        paper_id.id,
    )
    await bill(city.office, city.db, paper)
    await pay(city.office, unit, (await bill_of(city.office, paper))["total"], "2021-07", DAY)
    city.way.sizes.clear()
    city.way.lost = 1
    with pytest.raises(httpx.ReadError):
        await city.crediting.step()
    await city.deliver()
    assert len(city.way.sizes) == 4, "the first chunk twice, and three in all"
    assert max(city.way.sizes) <= 10_000
    rows = await city.office.fetch(
        "SELECT chunk, chunks, people FROM personal_credit WHERE unit_id = $1 ORDER BY chunk",
        unit.id,
    )
    assert [(row["chunk"], row["chunks"]) for row in rows] == [(1, 3), (2, 3), (3, 3)]
    assert sum(row["people"] for row in rows) == 12_000
