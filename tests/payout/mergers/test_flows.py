"""After a merger, what payout has of two records of one person belongs to the surviving one."""

import asyncio
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from services.payout.mergers import flows as mergers_flow
from shared.money import parse_yuan
from shared.process.regions import districts_of
from tests.payout.support.merging import doubles, merge
from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, number, pensioner, result
from tests.payout.support.personal import payee_names

SERIAL = count(28, 28)
"""Numbers that differ where lists show them."""
DISTRICTS = iter(sorted(districts_of("tianjin", None) - {"centre"}))
"""Each test has districts of its own, so that a run has its people alone."""
MAY, JUNE, JULY = "2021-05", "2021-06", "2021-07"


@pytest.fixture
def people() -> tuple[dict[str, Any], dict[str, Any]]:
    """Build a pensioner under the old and under the right number."""
    return pensioner(next(SERIAL), "2000.00", MAY), pensioner(next(SERIAL), "2500.00", MAY)


async def lines_of(office: Office, claim: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await office.ask(
        "GET", f"/v1/claims/{claim['id']}/lines", role="supervisor", limit=500
    )
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def run(office: Office, period: str, district: str) -> dict[str, Any]:
    filed = await office.run_pensions(period, district)
    assert filed.status_code == 201, filed.text
    paper: dict[str, Any] = filed.json()
    return paper


async def pay(office: Office, claims: list[str], outcome: str = "paid") -> str:
    """Pay approved claims; return the batch."""
    batch = (await office.batch(claims)).json()
    await office.fund()
    lines = await office.lines(batch["id"])
    done = await office.report(batch["id"], [result(line, outcome) for line in lines])
    assert done.status_code == 200, done.text
    return str(batch["id"])


async def entitled(office: Office, **params: str) -> list[dict[str, Any]]:
    answer = await office.client.get(
        "/v1/entitlements", params={"limit": 500} | params, headers=office.bearer("supervisor")
    )
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def masked(person: dict[str, Any]) -> str:
    plain = person["identity_number"]
    return f"{plain[:4]}**********{plain[-4:]}"


People = tuple[dict[str, Any], dict[str, Any]]


async def test_of_two_pensions_one_is_suspended_and_the_run_has_one_line(
    office: Office, people: People
) -> None:
    old, right = people
    here, there = next(DISTRICTS), next(DISTRICTS)
    await office.register([old], here)
    await office.register([right], there)
    paper = await merge(office, old["identity_number"], right["identity_number"])
    refused = await office.run_pensions(MAY, here)
    assert refused.json()["code"] == "NOTHING_TO_PAY"
    (line,) = await lines_of(office, await run(office, MAY, there))
    assert (line["amount"], line["masked_identity_number"]) == ("2500.00", masked(right))
    (second,) = [
        row
        for row in await entitled(office, suspended="second")
        if row["masked_identity_number"] == masked(old)
    ]
    assert second["suspended"] == {"reason": "second", "correction": paper.paper}


async def test_a_corrected_number_takes_entitlement_end_and_months_along(
    office: Office, people: People
) -> None:
    old, right = people
    here = next(DISTRICTS)
    await office.register([old], here)
    claim = await office.approve(await run(office, MAY, here))
    await pay(office, [claim])
    ended = await office.ask(
        "POST",
        "/v1/entitlement-ends",
        {
            "district": here,
            "identity_number": old["identity_number"],
            "last_period": JUNE,
            "reason": "moved",
        },
        role="district_clerk",
        district=here,
    )
    end = ended.json()["end"]["id"]
    path = f"/v1/entitlement-ends/{end}/approvals"
    done = await office.ask("POST", path, {}, role="district_reviewer", district=here)
    assert done.status_code == 201, done.text
    await merge(office, old["identity_number"], right["identity_number"], name="张建囯")
    paid = await run(office, JUNE, here)
    (line,) = await lines_of(office, paid)
    assert (line["amount"], line["masked_identity_number"]) == ("2000.00", masked(right))
    assert await payee_names(office, paid["id"]) == ["张建囯"]
    rows = {
        row["masked_identity_number"]: row
        for row in await entitled(office)
        if row["masked_identity_number"] in {masked(old), masked(right)}
    }
    assert rows[masked(old)]["suspended"]["reason"] == "merged"
    assert (rows[masked(right)]["suspended"], rows[masked(right)]["name"]) == (None, "张**")
    answer = await office.ask("GET", "/v1/entitlement-ends", role="supervisor", limit=500)
    ends = [
        row["masked_identity_number"]
        for row in answer.json()["items"]
        if row["district"] == here and row["status"] == "approved"
    ]
    assert len(ends) == 2, "the survivor has the end too"
    assert (await office.run_pensions(JULY, here)).json()["code"] == "NOTHING_TO_PAY"
    # The month that was paid under the old number is not due again.
    right |= {"bank_account": old["bank_account"]}
    lowered = await office.register([right | {"from": "2021-04", "monthly_amount": "1.00"}], here)
    assert lowered.status_code == 201, "the row of May is in force in May"
    lowered = await office.register([right | {"monthly_amount": "1.00"}], here)
    assert "ENTITLEMENT_DIFFERS" in lowered.text


async def test_a_month_that_two_runs_are_to_pay_is_paid_once(
    office: Office, people: People
) -> None:
    old, right = people
    here, there = next(DISTRICTS), next(DISTRICTS)
    await office.register([old], here)
    await office.register([right], there)
    runs = [await run(office, MAY, here), await run(office, MAY, there)]
    claims = [await office.approve(paper) for paper in runs]
    paper = await merge(office, old["identity_number"], right["identity_number"])
    (double,) = [row for row in await doubles(office) if row["correction"] == paper.paper]
    assert (double["status"], double["claim"], double["first_claim"]) == ("stopped", *claims)
    assert (double["district"], double["amount"], double["reference"]) == (
        here,
        "2000.00",
        MAY,
    )
    empty = await office.batch([claims[0]])
    assert [one["code"] for one in empty.json()["errors"]] == ["CLAIM_STOPPED"]
    batch = await pay(office, [claims[1]])
    (line,) = await office.lines(batch)
    assert line["amount"] == "2500.00"


async def test_the_other_people_of_a_run_are_paid(office: Office, people: People) -> None:
    old, right = people
    other = pensioner(next(SERIAL), "1800.00", MAY)
    here, there = next(DISTRICTS), next(DISTRICTS)
    await office.register([old, other], here)
    await office.register([right], there)
    runs = [await run(office, MAY, here), await run(office, MAY, there)]
    claims = [await office.approve(paper) for paper in runs]
    await merge(office, old["identity_number"], right["identity_number"])
    batch = await office.get_batch(await pay(office, claims))
    assert batch["control"] == {"lines": 2, "total": "4300.00"}


async def test_a_month_paid_twice_is_listed_for_recovery(office: Office, people: People) -> None:
    old, right = people
    here, there = next(DISTRICTS), next(DISTRICTS)
    await office.register([old], here)
    await office.register([right], there)
    runs = [await run(office, MAY, here), await run(office, MAY, there)]
    claims = [await office.approve(paper) for paper in runs]
    batch = (await office.batch(claims)).json()["id"]
    paper = await merge(office, old["identity_number"], right["identity_number"])

    async def status() -> str:
        (double,) = [row for row in await doubles(office) if row["correction"] == paper.paper]
        return str(double["status"])

    assert await status() == "in_flight"
    await office.fund()
    lines = await office.lines(batch)
    await office.report(batch, [result(line) for line in lines])
    assert await status() == "to_recover"
    own = await doubles(office, status="to_recover", district=here)
    assert paper.paper in {row["correction"] for row in own}
    assert paper.paper not in {row["correction"] for row in await doubles(office, district=there)}
    # The bank sends it back: it is not paid again.
    twice = [line["line"] for line in lines if line["amount"] == "2000.00"][-1]
    (line,) = [one for one in lines if one["line"] == twice]
    await office.report(batch, [result(line, "returned")])
    assert await status() == "stopped"
    waiting = await office.ask("GET", "/v1/failed-payments", role="supervisor", limit=500)
    assert claims[0] not in {row["claim"] for row in waiting.json()["items"]}
    again = await office.batch([claims[0]])
    assert [one["code"] for one in again.json()["errors"]] == ["CLAIM_IN_BATCH"]


async def test_a_hospital_paper_of_both_records_is_paid_once(
    office: Office, people: People
) -> None:
    numbers = [person["identity_number"] for person in people]
    mark = uuid4().hex[:8]
    claims = []
    for place, one in enumerate(numbers):
        claim = hospital_claim("900.00", "100.00")
        claim["lines"][0] |= {"reference": f"ZY-{mark}", "identity_number": one}
        claim["lines"][0]["payee_name"] = f"医院{place}"
        claims.append(await office.approved(claim))
    paper = await merge(office, *numbers)
    (double,) = [row for row in await doubles(office) if row["correction"] == paper.paper]
    assert (double["claim"], double["first_claim"]) == (claims[1], claims[0])
    batch = await office.get_batch(await pay(office, claims))
    assert batch["control"] == {"lines": 3, "total": "1100.00"}
    third = hospital_claim("900.00")
    third["lines"][0] |= {"reference": f"ZY-{mark}", "identity_number": numbers[1]}
    assert (await office.file(third)).json()["code"] == "EVENT_CLAIMED"


async def test_new_papers_name_the_right_number(office: Office, people: People) -> None:
    old, right = people
    await merge(office, old["identity_number"], right["identity_number"])
    claim = hospital_claim("900.00")
    claim["lines"][0]["identity_number"] = old["identity_number"]
    end = {
        "district": "heping",
        "identity_number": old["identity_number"],
        "last_period": "2021-07",
        "reason": "moved",
    }
    answers = [
        await office.register([old]),
        await office.file(claim),
        await office.ask(
            "POST", "/v1/entitlement-ends", end, role="district_clerk", district="heping"
        ),
    ]
    for answer in answers:
        (fault,) = answer.json()["errors"]
        assert (answer.status_code, fault["code"]) == (422, "PERSON_MERGED")
        assert masked(right) in fault["message"]
        assert right["identity_number"] not in answer.text


async def test_a_corrected_name_is_the_payee_of_what_is_not_paid_yet(
    office: Office, people: People
) -> None:
    person, _ = people
    here = next(DISTRICTS)
    await office.register([person], here)
    first = await run(office, MAY, here)
    await pay(office, [await office.approve(first)])
    second = await run(office, JUNE, here)
    one = person["identity_number"]
    await merge(office, one, one, name="张建业")
    assert await payee_names(office, first["id"]) == ["张建国"]
    assert await payee_names(office, second["id"]) == ["张建业"]
    (waiting,) = await lines_of(office, second)
    assert (waiting["payee_name"], waiting["bank_account"]["name"]) == ("张**", "张**")


async def test_a_correction_is_applied_once(office: Office, people: People) -> None:
    old, right = (person["identity_number"] for person in people)
    await office.register([people[0] | {"from": "2090-01"}], "heping")
    correction = await merge(office, old, right)
    keys = office.app.state.person_keys
    async with office.app.state.db.transaction() as tx:
        assert not await mergers_flow.apply(tx, correction, keys=keys)
    shown = [
        row["masked_identity_number"]
        for row in await entitled(office)
        if row["masked_identity_number"] == masked(people[1])
    ]
    assert len(shown) == 1


async def test_a_chain_of_mergers_ends_in_the_last_record(office: Office, people: People) -> None:
    old, right = (person["identity_number"] for person in people)
    last = number(next(SERIAL))
    here = next(DISTRICTS)
    await office.register([people[0]], here)
    await pay(office, [await office.approve(await run(office, MAY, here))])
    await merge(office, old, right)
    await merge(office, right, last)
    (line,) = await lines_of(office, await run(office, JUNE, here))
    assert line["masked_identity_number"] == f"{last[:4]}**********{last[-4:]}"


async def test_a_death_counts_for_the_person_whichever_record_has_it(
    office: Office, people: People
) -> None:
    old, right = people
    here, there = next(DISTRICTS), next(DISTRICTS)
    await office.register([old], here)
    await office.register([right], there)
    end = {
        "district": here,
        "identity_number": old["identity_number"],
        "last_period": MAY,
        "reason": "death",
    }
    clerk = {"role": "district_clerk", "district": here}
    proposed = await office.ask("POST", "/v1/entitlement-ends", end, **clerk)
    path = f"/v1/entitlement-ends/{proposed.json()['end']['id']}/approvals"
    await office.ask("POST", path, {}, role="district_reviewer", district=here)
    await pay(office, [await office.approve(await run(office, JUNE, there))])
    await merge(office, old["identity_number"], right["identity_number"])
    assert (await office.run_pensions(JULY, there)).json()["code"] == "NOTHING_TO_PAY"
    listed = await office.ask("GET", "/v1/entitlement-ends", role="supervisor", limit=500)
    (end_of_survivor,) = [
        row for row in listed.json()["items"] if row["masked_identity_number"] == masked(right)
    ]
    shown = await office.ask(
        "GET", f"/v1/entitlement-ends/{end_of_survivor['id']}", role="supervisor"
    )
    assert shown.json()["paid_after"] == [{"period": JUNE, "amount": "2500.00"}]
    suspended = await entitled(office, suspended="second")
    assert masked(right) in {row["masked_identity_number"] for row in suspended}


async def test_an_end_that_waits_for_the_old_record_is_set_aside(
    office: Office, people: People
) -> None:
    old, right = people
    here = next(DISTRICTS)
    await office.register([old], here)
    end = {
        "district": here,
        "identity_number": old["identity_number"],
        "last_period": MAY,
        "reason": "moved",
    }
    clerk = {"role": "district_clerk", "district": here}
    proposed = (await office.ask("POST", "/v1/entitlement-ends", end, **clerk)).json()["end"]
    await merge(office, old["identity_number"], right["identity_number"])
    path = f"/v1/entitlement-ends/{proposed['id']}/approvals"
    answer = await office.ask("POST", path, {}, role="district_reviewer", district=here)
    assert (answer.status_code, answer.json()["code"]) == (409, "ENTITLEMENT_END_DECIDED")
    right_end = end | {"identity_number": right["identity_number"]}
    again = await office.ask("POST", "/v1/entitlement-ends", right_end, **clerk)
    assert again.status_code == 201, again.text


async def test_runs_at_the_same_time_as_the_merger_pay_one_pension(
    office: Office, people: People
) -> None:
    old, right = people
    here, there = next(DISTRICTS), next(DISTRICTS)
    await office.register([old], here)
    await office.register([right], there)
    filed = await asyncio.gather(
        office.run_pensions(MAY, here),
        merge(office, old["identity_number"], right["identity_number"]),
        office.run_pensions(MAY, there),
    )
    runs = [answer.json() for answer in (filed[0], filed[2]) if answer.status_code == 201]
    stopped = {row["claim"] for row in await doubles(office, status="stopped")}
    paid = [parse_yuan(paper["total"]) for paper in runs if paper["id"] not in stopped]
    assert sum(paid) == 250000, "one pension, as one line or as a line and what lacks"


async def test_a_run_that_is_refused_while_people_merge_leaves_the_month_due(
    office: Office, people: People
) -> None:
    old, right = people
    await office.register([old | {"from": "2021-09"}], "heping")
    claim = await run(office, "2021-09", "heping")
    await asyncio.gather(
        merge(office, old["identity_number"], right["identity_number"]),
        office.sign(claim["id"], "district_reviewer", "refuse", district="heping", note="名单有误"),
    )
    again = await run(office, "2021-09", "heping")
    assert masked(right) in {
        line["masked_identity_number"] for line in await lines_of(office, again)
    }
