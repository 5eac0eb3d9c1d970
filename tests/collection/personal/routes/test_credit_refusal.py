"""Personal credits that are refused, dated, or counted at a closing; the real ledger answers."""

from __future__ import annotations

from services.collection.personal import flows as personal_flow
from shared import clock
from shared.ids import Ref
from shared.money import format_yuan, parse_yuan
from shared.references import Reference
from tests.collection.support.city import DAY, City, billed, shares
from tests.collection.support.restating import (
    bill,
    bill_of,
    corrected,
    declared,
    pay,
)


async def test_a_paper_whose_people_do_not_come_to_its_lines_credits_nobody(city: City) -> None:
    unit, paper, total_fen = await billed(city, "10000.00")
    paper_id = Ref.parse(Reference.DECLARATION, paper["id"])
    broken = (
        "UPDATE declaration_people SET personal_fen[1] = personal_fen[1] + $3"
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
        "UPDATE declaration_people SET personal_fen[1] = personal_fen[1] + $3"
        " WHERE unit_id = $1 AND declaration_id = $2 AND first_line = 1"
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


async def test_control_totals_of_a_past_day_do_not_change(city: City) -> None:
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
    for day, expected in then.items():
        assert await city.control(day) == expected
    assert await city.control("2021-10-31") != expected


# From here on September 2021 is closed.


async def test_a_month_is_closed_with_what_collection_says(city: City) -> None:
    """The whole way: control totals with their hash, two people, and the difference explained."""
    unit, _, total_fen = await billed(city, "10000.00", "8000.00")
    await pay(city.office, unit, format_yuan(total_fen // 2), "2021-07", "2021-09-28")
    await city.deliver()
    reported = await city.control("2021-09-30")
    for kind in ("sweep", "treasury_remit"):
        body = {"kind": kind, "day": "2021-09-30"}
        proposed = await city.post("fund_accountant", "/v1/settlements", body, key=f"settle-{kind}")
        if proposed.status_code == 409:
            assert proposed.json()["code"] == "NOTHING_TO_MOVE"
            continue
        path = f"/v1/settlements/{proposed.json()['id']}/approvals"
        assert (await city.post("centre_leader", path, {}, key=f"approve-{kind}")).is_success
    control = {"funds": reported["funds"], "hashes": {"collection": reported["hash"]}}
    body = {"level": "month", "period": "2021-09", "control": control}
    proposed = await city.post("fund_accountant", "/v1/closings", body)
    assert proposed.status_code == 201, proposed.text
    done = await city.post("centre_leader", f"/v1/closings/{proposed.json()['id']}/approvals", {})
    assert done.status_code == 200, done.text
    personal = done.json()["control"]["pension"]["personal"]
    assert personal == reported["funds"]["pension"]["personal"]
    assert parse_yuan(personal["part_paid"]) > 0
    # A fen that somebody typed is noticed by the hash before it is by the books.
    funds = reported["funds"] | {"pension": reported["funds"]["pension"] | {"collected": "0.01"}}
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
