"""Persons are credited of bills that are settled in full, once, and to the fen; the real ledger listens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.collection.app import build
from services.collection.delivery import Ledger
from services.collection.personal import flows as personal_flow
from services.collection.personal.clients import PersonalAccounts
from services.collection.personal.jobs import PersonalCreditJob
from services.collection.worker import CLIENT_ID
from services.ledger.app import build as build_ledger
from shared import clock
from shared.db import Database
from shared.ids import Ref
from shared.money import format_yuan, parse_yuan
from shared.outbox import Relay
from shared.references import Reference
from shared.security.identity import Identity
from shared.web.client import Peer
from tests.collection.support.late import AUGUST, done, handled, papers, summed_up
from tests.collection.support.late import billed as billed_by_default
from tests.collection.support.office import Office
from tests.collection.support.restating import (
    Unit,
    a_unit,
    bill,
    bill_of,
    corrected,
    credits_of,
    declared,
    pay,
)
from tests.conftest import Bearer, ClientOf, SettingsFor

DAY = "2021-08-20"


class LosesAnswers(httpx.AsyncBaseTransport):
    """Reaches the ledger, and sometimes the answer does not come back."""

    def __init__(self, app: FastAPI) -> None:
        self._inner = httpx.ASGITransport(app)
        self.lost = 0
        self.sizes: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.url.path == "/v1/personal-credits":
            self.sizes.append(request.content.count(b'"person"'))
            if self.lost:
                self.lost -= 1
                raise httpx.ReadError("lost", request=request)
        return answer


@dataclass
class City:
    """Collection with the real ledger behind it."""

    office: Office
    db: Database
    ledger: httpx.AsyncClient
    bearer: Bearer
    way: LosesAnswers
    relay: Relay
    crediting: PersonalCreditJob

    async def deliver(self) -> None:
        """Everything that waits reaches the ledger."""
        while await self.relay.step():
            pass
        while await self.crediting.step():
            pass

    async def ask(self, path: str, role: str = "supervisor", **params: Any) -> Any:
        answer = await self.ledger.get(path, params=params, headers=self.bearer(role))
        assert answer.is_success, answer.text
        return answer.json()

    async def post(self, role: str, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = self.bearer(role) | ({"Idempotency-Key": key} if key else {})
        return await self.ledger.post(path, json=body, headers=headers)

    async def accounts(self, unit: Unit, to_year: int | None = 2021) -> list[dict[str, str]]:
        """Of each of the unit's people: fund → what the person's account has."""
        rows = await self.office.fetch(
            "SELECT person_id, person_uuid FROM enrolment WHERE unit_id = $1", unit.id
        )
        found = []
        asked = {} if to_year is None else {"to_year": to_year}
        for row in rows:
            person = Ref(row["person_id"], row["person_uuid"]).text(Reference.PERSON)
            told = await self.ask(f"/v1/personal-accounts/{person}/statement", **asked)
            found.append({one["fund"]: one["contribution"] for one in told["items"]})
        return found

    async def total(self, unit: Unit) -> dict[str, int]:
        """fund → what all of the unit's people have."""
        sums: dict[str, int] = {}
        for account in await self.accounts(unit):
            for fund, amount in account.items():
                sums[fund] = sums.get(fund, 0) + parse_yuan(amount)
        return {fund: fen for fund, fen in sums.items() if fen}

    async def control(self, as_of: str = "2100-12-31") -> dict[str, Any]:
        """Collection's word, after holding it against itself and against the ledger's."""
        told = (await self.office.get("supervisor", "/v1/closing-control", as_of=as_of)).json()
        books = await self.ask("/v1/personal-control", as_of=as_of, deep=True)
        assert books["totals_tie"]
        ledger = {one["fund"]: one for one in books["items"]}
        for fund, one in told["funds"].items():
            own = {name: parse_yuan(amount) for name, amount in one["personal"].items()}
            assert own["received"] - own["credited"] == sum(
                own[why] for why in ("part_paid", "in_delivery", "standing_credits", "unnamed")
            ), f"{fund}: every fen has its reason"
            assert one["personal"]["received"] == ledger[fund]["ledger"]
            assert one["personal"]["credited"] == ledger[fund]["credited"]
        found: dict[str, Any] = told
        return found


@pytest.fixture
async def city(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    identity: Identity,
    database_url: str,
) -> AsyncIterator[City]:
    app, ledger_app = build(settings_for()), build_ledger(settings_for())
    way = LosesAnswers(ledger_app)
    secret = identity.secret_of(CLIENT_ID)
    async with (
        client_of(ledger_app) as ledger,
        client_of(app) as client,
        Peer("http://ledger", CLIENT_ID, secret, attempts=1, transport=way) as peer,
    ):
        office, db = Office(client, bearer, database_url), app.state.db
        await office.fetch("DELETE FROM lease")  # of the test before
        made = City(
            office,
            db,
            ledger,
            bearer,
            way,
            Relay(db, Ledger(peer).deliver),
            PersonalCreditJob(db, PersonalAccounts(peer)),
        )
        yield made
        await made.deliver()
        await made.control()


async def billed(city: City, *wages: str, **facts: Any) -> tuple[Unit, dict[str, Any], int]:
    """A unit with a billed month: the unit, its paper, and what the bill asks for."""
    unit = await a_unit(city.office, people=max(4, len(wages)), collector="tax", **facts)
    paper = await declared(city.office, unit, *wages)
    await bill(city.office, city.db, paper)
    return unit, paper, parse_yuan((await bill_of(city.office, paper))["total"])


def shares(paper: dict[str, Any]) -> dict[str, int]:
    """fund → what a paper's own lines give to personal accounts."""
    sums: dict[str, int] = {}
    for line in paper["lines"]:
        if line["account"] == "personal_account" and line["level"] != "corrected":
            sums[line["fund"]] = sums.get(line["fund"], 0) + parse_yuan(line["amount"])
    return sums


async def test_nobody_is_credited_before_the_whole_bill_is_settled(city: City) -> None:
    unit, paper, total_fen = await billed(city, "10000.00", "5000.00")
    await pay(city.office, unit, format_yuan(total_fen - 1), "2021-07", DAY)
    await city.deliver()
    assert await city.total(unit) == {}
    told = (await city.control())["funds"]["pension"]["personal"]
    assert parse_yuan(told["part_paid"]) > 0
    await pay(city.office, unit, "0.01", "2021-07", DAY)
    await city.deliver()
    assert await city.total(unit) == shares(paper)
    accounts = await city.accounts(unit)
    assert {"pension": "800.00", "medical": "200.00"} in accounts
    assert {"pension": "400.00", "medical": "100.00"} in accounts
    told = (await city.control())["funds"]["pension"]["personal"]
    assert (told["part_paid"], told["in_delivery"]) == ("0.00", "0.00")


async def test_a_settled_bill_is_on_its_way_until_the_ledger_has_it(city: City) -> None:
    unit, _, total_fen = await billed(city, "10000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    while await city.relay.step():
        pass
    told = (await city.control())["funds"]["pension"]["personal"]
    assert told["in_delivery"] == "800.00"
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


async def test_what_a_restated_month_takes_back_stands_as_a_credit_until_it_is_used(
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
    told = (await city.control())["funds"]["pension"]["personal"]
    assert parse_yuan(told["standing_credits"]) >= 80_00
    stood_fen = parse_yuan(told["standing_credits"])
    august = await declared(city.office, unit, "9000.00", "8000.00", period="2021-08")
    await bill(city.office, city.db, august, bill_date="2021-09-12")
    asked = await bill_of(city.office, august)
    await pay(city.office, unit, asked["total"], "2021-08", "2021-09-25")
    await city.deliver()
    both = {fund: 2 * fen for fund, fen in shares(less).items()}
    assert await city.total(unit) == both, "the lowered bill credits what its paper says"
    told = (await city.control())["funds"]["pension"]["personal"]
    assert stood_fen - parse_yuan(told["standing_credits"]) == 80_00


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
    asked = await bill_of(office, default)
    await pay(office, unit, asked["total"], AUGUST, "2021-12-22")
    await city.deliver()
    assert await city.total(unit) == shares(july)
    told = (await city.control())["funds"]["pension"]["personal"]
    unnamed_fen = parse_yuan(told["unnamed"])
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
    told = (await city.control())["funds"]["pension"]["personal"]
    assert told["unnamed"] == "0.00"


async def test_a_unit_of_many_thousands_is_told_of_in_bounded_chunks(city: City) -> None:
    """Its people are put into the paper directly, with keys spread as persons' keys are."""
    unit = await a_unit(city.office, collector="tax")
    paper = await declared(city.office, unit, "10000.00")
    paper_id = Ref.parse(Reference.DECLARATION, paper["id"])
    for table, columns in (
        ("declaration_line", "amount_fen = amount_fen * 12000, base_fen = base_fen * 12000"),
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
        "INSERT INTO declaration_person (unit_id, declaration_id, round, line_no, person_id,"
        "                                wage_fen, base_fen, unit_fen, personal_fen)"
        " SELECT unit_id, declaration_id, round, line_no + n,"
        "        CAST(CAST('x' || substr(md5(CAST(n AS text)), 1, 16) AS bit(64)) AS bigint)"
        "        & 9223372036854775807, wage_fen, base_fen, unit_fen, personal_fen"
        "   FROM declaration_person, generate_series(1, 11999) AS n"
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


async def test_a_paper_whose_people_do_not_come_to_its_lines_credits_nobody(city: City) -> None:
    unit, paper, total_fen = await billed(city, "10000.00")
    paper_id = Ref.parse(Reference.DECLARATION, paper["id"])
    broken = (
        "UPDATE declaration_person SET personal_fen[1] = personal_fen[1] + $3"
        " WHERE unit_id = $1 AND declaration_id = $2"
    )
    await city.office.fetch(broken, paper_id.key, paper_id.id, 1)
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    await city.deliver()
    assert await city.total(unit) == {}
    listed = await city.office.get("supervisor", "/v1/personal-deliveries/refused")
    [one] = listed.json()["items"]
    assert one["declaration"] == paper["id"]
    assert one["reason"] == "PARTS_DIFFER: medical 200.00/200.00, pension 800.01/800.00"
    away = await city.office.get("district_clerk", "/v1/personal-deliveries/refused")
    assert away.status_code == 403
    assert (await city.control())["funds"]["pension"]["personal"]["in_delivery"] == "800.00"
    await city.office.fetch(broken, paper_id.key, paper_id.id, -1)
    again = await city.office.post(
        "fund_accountant", "/v1/personal-deliveries/replays", {"deliveries": "refused"}
    )
    assert again.json() == {"replayed": 1}
    await city.deliver()
    assert await city.total(unit) == shares(paper)
    assert (await city.office.get("supervisor", "/v1/personal-deliveries")).json()["refused"] == 0


async def test_a_correction_waits_while_what_it_corrects_is_refused(city: City) -> None:
    """Else persons would be short of money that they never got."""
    unit, paper, total_fen = await billed(city, "10000.00", "8000.00")
    paper_id = Ref.parse(Reference.DECLARATION, paper["id"])
    broken = (
        "UPDATE declaration_person SET personal_fen[1] = personal_fen[1] + $3"
        " WHERE unit_id = $1 AND declaration_id = $2 AND line_no = 1"
    )
    await city.office.fetch(broken, paper_id.key, paper_id.id, 1)
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    less = await corrected(city.office, paper, unit, "9000.00", "8000.00")
    await bill(city.office, city.db, less, bill_date="2021-09-12")
    await city.deliver()
    assert await city.total(unit) == {}
    stats = (await city.office.get("supervisor", "/v1/personal-deliveries")).json()
    assert stats == {"waiting": 1, "refused": 1}
    await city.office.fetch(broken, paper_id.key, paper_id.id, -1)
    path = "/v1/personal-deliveries/replays"
    await city.office.post("fund_accountant", path, {"deliveries": "refused"})
    await city.deliver()
    assert await city.total(unit) == shares(less)


async def test_no_identity_number_leaves_collection(city: City) -> None:
    unit, _, total_fen = await billed(city, "10000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    ready = await city.db.run(personal_flow.waiting)
    [chunk] = await city.db.run(lambda tx: personal_flow.compose(tx, ready))
    assert chunk.message is not None
    assert set(chunk.message) == {"bill", "period", "settled_on", "credits"}
    rows = await city.office.fetch(
        "SELECT person_id, person_uuid FROM enrolment WHERE unit_id = $1", unit.id
    )
    people = {Ref(row["person_id"], row["person_uuid"]).text(Reference.PERSON) for row in rows}
    for credit in chunk.message["credits"]:
        assert set(credit) == {"person", "fund", "amount"}
        assert credit["person"] in people
    numbers = [person["identity_number"] for person in unit.people]
    assert not any(number in str(chunk) for number in numbers)


async def test_a_day_that_is_past_is_told_of_as_it_was(city: City) -> None:
    """Whatever came later: the rest of the money, a restated month, a credit that was used."""
    unit, paper, total_fen = await billed(city, "10000.00", "8000.00")
    other, _, other_fen = await billed(city, "7000.00")
    await pay(city.office, unit, format_yuan(total_fen - 100), "2021-07", "2021-09-20")
    await pay(city.office, other, format_yuan(other_fen), "2021-07", "2021-09-21")
    await city.deliver()
    then = {day: await city.control(day) for day in ("2021-09-19", "2021-09-20", "2021-09-21")}
    pension = [one["funds"]["pension"]["personal"] for one in then.values()]
    assert parse_yuan(pension[1]["part_paid"]) > parse_yuan(pension[0]["part_paid"])
    assert parse_yuan(pension[2]["credited"]) > parse_yuan(pension[1]["credited"])
    await pay(city.office, unit, "1.00", "2021-07", "2021-10-08")
    await city.deliver()
    less = await corrected(city.office, paper, unit, "9000.00", "8000.00")
    await bill(city.office, city.db, less, bill_date="2021-10-12")
    august = await declared(city.office, unit, "9000.00", "8000.00", period="2021-08")
    await bill(city.office, city.db, august, bill_date="2021-10-12")
    await pay(
        city.office, unit, (await bill_of(city.office, august))["total"], "2021-08", "2021-10-25"
    )
    await city.deliver()
    for day, told in then.items():
        assert await city.control(day) == told
    assert await city.control("2021-10-31") != told


# From here on September 2021 is closed.


async def test_a_month_is_closed_with_what_collection_says(city: City) -> None:
    """The whole way: control totals with their hash, two people, and the difference explained."""
    unit, _, total_fen = await billed(city, "10000.00", "8000.00")
    await pay(city.office, unit, format_yuan(total_fen // 2), "2021-07", "2021-09-28")
    await city.deliver()
    told = await city.control("2021-09-30")
    for kind in ("sweep", "treasury_remit"):
        body = {"kind": kind, "day": "2021-09-30"}
        asked = await city.post("fund_accountant", "/v1/settlements", body, key=f"settle-{kind}")
        path = f"/v1/settlements/{asked.json()['id']}/approvals"
        assert (await city.post("centre_leader", path, {}, key=f"approve-{kind}")).is_success
    control = {"funds": told["funds"], "hashes": {"collection": told["hash"]}}
    body = {"level": "month", "period": "2021-09", "control": control}
    asked = await city.post("fund_accountant", "/v1/closings", body)
    assert asked.status_code == 201, asked.text
    done = await city.post("centre_leader", f"/v1/closings/{asked.json()['id']}/approvals", {})
    assert done.status_code == 200, done.text
    personal = done.json()["control"]["pension"]["personal"]
    assert personal == told["funds"]["pension"]["personal"]
    assert parse_yuan(personal["part_paid"]) > 0
    # A fen that somebody typed is noticed by the hash before it is by the books.
    funds = told["funds"] | {"pension": told["funds"]["pension"] | {"collected": "0.01"}}
    wrong = {"level": "day", "period": "2021-09-30", "control": control | {"funds": funds}}
    refused = await city.post("fund_accountant", "/v1/closings", wrong)
    assert refused.json()["code"] == "CONTROL_HASH_DIFFERS"


async def test_what_comes_after_the_year_was_closed_is_credited_on_the_day_it_comes(
    city: City,
) -> None:
    unit, paper, total_fen = await billed(city, "10000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", "2021-12-30")
    # Interest of 2021 is credited before the ledger hears of it.
    closed = "UPDATE ledger.personal_fund SET closed_year = $1 WHERE fund = 'pension'"
    await city.office.fetch(closed, 2021)
    await city.deliver()
    assert await city.total(unit) == {}
    [one] = (await city.office.get("supervisor", "/v1/personal-deliveries/refused")).json()["items"]
    assert one["reason"] == "PERSONAL_YEAR_CLOSED"
    again = await city.office.post(
        "fund_accountant", "/v1/personal-deliveries/replays", {"deliveries": "refused"}
    )
    assert again.json() == {"replayed": 1}
    await city.deliver()
    rows = await city.office.fetch(
        "SELECT credited_on, refused FROM personal_credit WHERE unit_id = $1", unit.id
    )
    assert [(row["credited_on"], row["refused"]) for row in rows] == [(clock.today(), None)]
    await city.office.fetch(closed, None)
    [account] = [one for one in await city.accounts(unit, None) if one]
    assert account == {fund: format_yuan(fen) for fund, fen in shares(paper).items()}
