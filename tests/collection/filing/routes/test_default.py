"""A unit that did not declare is levied 110 % of last month, or listed without one."""

from shared.clock import today
from shared.ids import unit_key
from shared.money import Rounding, RoundingMode, levy, parse_yuan
from shared.period import Period
from tests.collection.support.late import (
    AUGUST,
    JULY,
    ask,
    billed,
    done,
    handled,
    own,
    papers,
    summed_up,
)
from tests.collection.support.office import Office, a_person

FEN = Rounding(1, RoundingMode.HALF_UP)


async def test_each_line_of_last_month_is_levied_times_the_factor_and_explained(
    office: Office,
) -> None:
    july = await office.reviewed("5000.00", "26000.00", "3333.33", district="xiqing")
    operation = await done(office, "xiqing")
    assert operation["status"] == "succeeded", operation
    (paper,) = await papers(office, july["credit_code"])
    assert own(paper) == {key: levy(fen, 1_100_000, FEN) for key, fen in own(july).items()}
    assert operation["result"] == {"declarations": 1, "total": paper["total"], "left_out": {}}
    assert (paper["kind"], paper["status"], paper["people"], paper["wages"]) == (
        "default",
        "submitted",
        0,
        "0.00",
    )
    assert {(line["level"], line["rule"]) for line in paper["lines"]} == {("unit", "default")}
    trail = await office.get("supervisor", f"/v1/declarations/{paper['id']}/trail")
    (step,) = trail.json()["items"]
    assert (step["step"], step["detail"]) == ("default", {"by_default_of": JULY})
    found = await office.get("supervisor", f"/v1/declarations/{paper['id']}/lines", explain=True)
    assert found.json()["items"] == []
    for line, why in zip(paper["lines"], found.json()["unit_lines"], strict=True):
        assert (why["base"], why["rate"], why["rounding"]) == (
            line["base"],
            "1.1000",
            "0.01 half_up",
        )
        assert parse_yuan(line["amount"]) == levy(parse_yuan(why["base"]), 1_100_000, FEN)
        assert why["source"] == "default"


async def test_it_walks_both_levels_and_its_bill_lines_are_explained(office: Office) -> None:
    july = await office.reviewed("5000.00", district="jinnan")
    await done(office, "jinnan")
    (paper,) = await papers(office, july["credit_code"])
    await handled(office, paper)
    await billed(office, await summed_up(office, "jinnan"))
    (paper,) = await papers(office, july["credit_code"])
    assert paper["status"] == "billed"
    bills = await office.get("supervisor", "/v1/bills", credit_code=july["credit_code"])
    (bill,) = bills.json()["items"]
    assert (bill["period"], bill["total"]) == (AUGUST, paper["total"])
    for number in range(1, len(paper["lines"]) + 1):
        why = await office.get("supervisor", f"/v1/bills/{bill['id']}/lines/{number}/explanation")
        assert why.status_code == 200, why.text
        (line,) = why.json()["unit_lines"]
        assert why.json()["people"] == []
        assert why.json()["line"]["amount"] == why.json()["parts"][0]["amount"]
        assert line["base"] == why.json()["parts"][0]["base"]
        assert "第六十二条" in why.json()["sources"]["default"]["text"]


async def test_asked_again_on_the_same_day_nobody_is_levied_twice_and_others_are(
    office: Office,
) -> None:
    july = await office.reviewed(district="beichen")
    first = await ask(office, "beichen")
    assert (await ask(office, "beichen")).json()["id"] == first.json()["id"]
    assert (await done(office, "beichen"))["result"]["declarations"] == 1
    assert (await done(office, "beichen"))["result"]["declarations"] == 0
    other = await office.reviewed(district="beichen")
    later = await done(office, "beichen")
    assert (later["id"] != first.json()["id"], later["result"]["declarations"]) == (True, 1)
    for unit in (july, other):
        assert len(await papers(office, unit["credit_code"])) == 1


async def test_who_has_no_month_to_go_by_is_named_and_who_declared_is_left_alone(
    office: Office,
) -> None:
    new = await office.unit(district="wuqing")
    unreviewed = await office.declared(district="wuqing")
    code = await office.unit(district="wuqing")
    people = [a_person("4000.00")]
    await office.enrol(code, people, district="wuqing")
    returned = (await office.declare(code, people, period=AUGUST)).json()
    body = {"codes": ["FILE_INCOMPLETE"]}
    path = f"/v1/declarations/{returned['id']}/returns"
    answer = await office.post("district_clerk", path, body, district="wuqing")
    assert answer.status_code == 201, answer.text
    filed = await office.reviewed(district="wuqing", period=AUGUST)
    closed = await office.reviewed(district="wuqing")
    await office.fetch(
        "UPDATE unit SET status = 'closed' WHERE unit_id = $1", unit_key(closed["credit_code"])
    )
    operation = await done(office, "wuqing")
    assert operation["result"] == {
        "declarations": 0,
        "total": "0.00",
        "left_out": {"NO_LAST_MONTH": 1, "LAST_MONTH_UNFINISHED": 1, "RETURNED": 1},
    }
    report = await office.get("supervisor", f"/v1/operations/{operation['id']}/faults")
    named = {line.split(",")[1]: line.split(",")[2] for line in report.text.splitlines()[1:]}
    assert named == {
        new: "NO_LAST_MONTH",
        unreviewed["credit_code"]: "LAST_MONTH_UNFINISHED",
        code: "RETURNED",
    }
    assert [row["kind"] for row in await papers(office, filed["credit_code"])] == ["monthly"]
    assert await papers(office, closed["credit_code"]) == []


async def test_a_second_month_is_levied_on_the_first_ones_default(office: Office) -> None:
    july = await office.reviewed("5000.00", district="baodi")
    await done(office, "baodi")
    (august,) = await papers(office, july["credit_code"])
    await handled(office, august)
    await done(office, "baodi", "2021-09")
    (september,) = await papers(office, july["credit_code"], "2021-09")
    once = {key: levy(fen, 1_100_000, FEN) for key, fen in own(july).items()}
    assert own(september) == {key: levy(fen, 1_100_000, FEN) for key, fen in once.items()}


async def test_nobody_is_levied_while_he_may_still_declare(office: Office) -> None:
    operation = await done(office, "ninghe", str(Period.of(today())))
    assert operation["status"] == "failed"
    assert operation["error"]["code"] == "DECLARE_DAY_NOT_OVER"


async def test_the_districts_own_clerk_asks_and_nobody_else(office: Office) -> None:
    for role in ("district_reviewer", "employer_portal", "centre_auditor", "supervisor"):
        assert (await ask(office, "jizhou", role=role)).status_code == 403
    body = {"district": "jizhou", "period": AUGUST}
    other = await office.post("district_clerk", "/v1/default-declarations", body)
    assert other.status_code == 403


async def test_a_month_is_not_carried_on_from_a_default(office: Office) -> None:
    july = await office.reviewed("5000.00", district="jinghai")
    await done(office, "jinghai")
    (august,) = await papers(office, july["credit_code"])
    await handled(office, august)
    rolled = await done(office, "jinghai", "2021-09", path="/v1/declaration-rolls")
    assert rolled["result"]["left_out"] == {"LAST_MONTH_DEFAULT": 1}
    report = await office.get("supervisor", f"/v1/operations/{rolled['id']}/faults")
    assert july["credit_code"] in report.text
    assert await papers(office, july["credit_code"], "2021-09") == []
