"""Doors of comparison files: a match is ended, suspended or kept by two people."""

from typing import Any

import httpx

from shared.clock import today
from shared.period import Period
from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner


async def upload(
    office: Office,
    comparison: str,
    records: list[tuple[int, str]],
    role: str = "centre_auditor",
    district: str = "centre",
) -> httpx.Response:
    rows = [f"{number(serial)},{day}," for serial, day in records]
    content = "\r\n".join(["identity_number,event_on,note", *rows])
    return await office.client.post(
        "/v1/comparison-files",
        params={"comparison": comparison, "source": "民政局 2021-08", "format": "csv"},
        content=content.encode(),
        headers=office.bearer(role, district) | {"content-type": "text/csv"},
    )


async def matches(office: Office, district: str, **filters: str) -> list[dict[str, Any]]:
    answer = await office.ask(
        "GET", "/v1/comparison-matches", role="district_clerk", district=district, **filters
    )
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def decide(
    office: Office, district: str, action: str, reason: str, found: list[dict[str, Any]]
) -> httpx.Response:
    body = {
        "action": action,
        "district": district,
        "reason": reason,
        "document": "民政局火化名单 2021-08",
        "matches": [match["id"] for match in found],
    }
    how = {"role": "district_clerk", "district": district}
    return await office.ask("POST", "/v1/comparison-decisions", body, **how)


async def test_the_dead_are_ended_and_the_living_kept_by_two_people(office: Office) -> None:
    here, dead, alive, elsewhere = "heping", 4000, 4001, 4002
    await office.register([pensioner(dead, "1000.00"), pensioner(alive, "1.00")], here)
    await office.register([pensioner(elsewhere)], "hexi")
    records = [
        (dead, "2021-05-20"),
        (alive, "2021-05-21"),
        (elsewhere, "2021-05-22"),
        (4999, "2021-05-23"),
    ]
    taken = await upload(office, "death", records)
    assert (taken.status_code, taken.json()["records"], taken.json()["matches"]) == (201, 4, 3)
    assert (await upload(office, "death", records)).json() == taken.json(), "a repeat"
    first, second = await matches(office, here, status="open")
    assert (first["event_on"], second["event_on"]) == ("2021-05-20", "2021-05-21")
    assert number(dead) not in str(first)
    paper = await decide(office, here, "end", "death", [first])
    assert paper.status_code == 201, paper.text
    twice = await decide(office, here, "keep", "alive", [first])
    assert (twice.status_code, twice.json()["code"]) == (409, "MATCH_NOT_OPEN")
    kept = await decide(office, here, "keep", "alive", [second])
    assert [match["status"] for match in await matches(office, here)] == ["proposed"] * 2
    refused = await office.decide_change(kept.json()["id"], "refusals", district=here)
    assert refused.json()["status"] == "refused"
    (open_again,) = await matches(office, here, status="open")
    assert open_again["id"] == second["id"]
    kept = await decide(office, here, "keep", "alive", [second])
    for change in (paper, kept):
        decided = await office.decide_change(change.json()["id"], district=here)
        assert decided.status_code == 201, decided.text
    assert len(await matches(office, here, status="settled", comparison="death")) == 2
    assert (await office.run_pensions("2021-05", here)).json()["total"] == "1001.00"
    assert (await office.run_pensions("2021-06", here)).json()["total"] == "1.00"


async def test_a_districts_file_meets_its_own_people_and_prisoners_are_suspended(
    office: Office,
) -> None:
    here, jailed, elsewhere = "dongli", 4100, 4101
    await office.register([pensioner(jailed)], here)
    await office.register([pensioner(elsewhere)], "hexi")
    records = [(jailed, "2021-05-20"), (elsewhere, "2021-05-20")]
    taken = await upload(office, "prison", records, "district_clerk", here)
    assert taken.json()["matches"] == 1
    paper = await decide(office, here, "suspend", "prison", await matches(office, here))
    await office.decide_change(paper.json()["id"], district=here)
    assert (await office.run_pensions("2021-05", here)).json()["lines"] == 1
    assert (await office.run_pensions("2021-06", here)).json()["code"] == "NOTHING_TO_PAY"


async def test_a_file_with_faults_is_refused_whole(office: Office) -> None:
    answer = await upload(office, "death", [(4200, "2099-01-01"), (4201, "2021-01-01")])
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/1/event_on"]
    unknown = await decide(office, "heping", "end", "death", [{"id": "cmm_" + "0" * 48}])
    assert unknown.json()["code"] == "MATCH_NOT_OPEN"


async def test_a_list_of_one_office_does_not_stand_for_anothers(office: Office) -> None:
    for serial, district in ((4030, "heping"), (4031, "hexi")):
        await office.register([pensioner(serial)], district)
    records = [(4030, "2021-05-20"), (4031, "2021-05-20")]
    own = await upload(office, "death", records, "district_clerk", "heping")
    whole = await upload(office, "death", records)
    assert (own.json()["matches"], whole.json()["matches"]) == (1, 2)
    assert (await upload(office, "death", records)).json() == whole.json()


async def test_who_is_ended_or_suspended_for_the_event_already_is_no_match(office: Office) -> None:
    here, dead, missing, paid = "nankai", 4010, 4011, 4012
    await office.register([pensioner(serial) for serial in (dead, missing, paid)], here)
    day = today().replace(day=1)
    ended = [{"identity_number": number(dead), "event_on": f"{day}"}]
    assert (await office.change("end", ended, here, reason="death")).status_code == 201
    stopped = [{"identity_number": number(missing), "from": f"{Period.of(day).plus(1)}"}]
    assert (await office.change("suspend", stopped, here, reason="missing")).status_code == 201
    taken = await upload(office, "death", [(one, f"{day}") for one in (dead, missing, paid)])
    assert taken.json()["matches"] == 1, "the other two are paid this month for the last time"
