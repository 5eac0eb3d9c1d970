"""Two records of one person are merged: the ledger merges the personal accounts, exactly once."""

from typing import Any

import httpx
import orjson
import pytest

from shared.ids import Ref, uuid7
from shared.references import Reference
from tests.collection.support.city import City
from tests.collection.support.office import a_person
from tests.collection.support.register import people_of, staffed


async def _merged(city: City, other: str) -> tuple[dict[str, Any], str]:
    """Merge the only person of a new unit into another number; return the correction and the old
    reference."""
    office = city.office
    code, (wrong,) = await staffed(office, 1)
    old = (await people_of(office, code))[0]["person"]
    body = {
        "identity_number": wrong["identity_number"],
        "right": {"identity_number": other},
        "reason": "登记有误",
        "document": "户籍证明 2021-118",
    }
    paper = (
        await office.post("district_clerk", "/v1/person-corrections", body, subject="li")
    ).json()
    path = f"/v1/person-corrections/{paper['id']}/approvals"
    done = await office.post("district_reviewer", path, subject="wu")
    assert done.status_code == 201, done.text
    return done.json(), old


async def _credited(city: City, person: str, amount: str) -> None:
    body = {
        "bill": uuid7().hex,
        "period": "2021-07",
        "settled_on": "2021-07-26",
        "credits": [{"person": person, "fund": "pension", "amount": amount}],
    }
    answer = await city.post("collection_service", "/v1/personal-credits", {"bills": [body]})
    assert answer.json()["credited"] == 1, answer.text


async def _statement(city: City, person: str) -> dict[str, Any]:
    path = f"/v1/personal-accounts/{person}/statement"
    found: dict[str, Any] = await city.ask(path, to_year=2021)
    return found


async def test_the_account_follows_the_merger_over_lost_and_repeated_messages(city: City) -> None:
    paper, old = await _merged(city, a_person()["identity_number"])
    survivor = paper["survivor"]
    await _credited(city, old, "80.00")
    city.way.lost = 1
    with pytest.raises(httpx.ReadError):
        await city.relay.step()
    while await city.relay.step():
        pass
    again = await city.office.post("fund_accountant", "/v1/outbox/replays", {"messages": "sent"})
    assert again.is_success, again.text
    while await city.relay.step():
        pass
    await _credited(city, old, "5.00")
    one, other = await _statement(city, survivor), await _statement(city, old)
    assert [row["closing"] for row in one["items"]] == ["85.00"]
    assert (other["merged_into"], other["items"]) == (survivor, [])


async def test_a_refused_merger_is_listed_with_its_paper(city: City) -> None:
    paper, old = await _merged(city, a_person()["identity_number"])
    third = Ref(7, uuid7()).text(Reference.PERSON)
    body = {"paper": "by-hand", "person": old, "survivor": third}
    assert (await city.post("collection_service", "/v1/personal-mergers", body)).is_success
    while await city.relay.step():
        pass
    listed = await city.office.get("fund_accountant", "/v1/refused-messages")
    found = [one for one in listed.json()["items"] if one["kind"] == "personal_merger"]
    assert [(one["code"], one["paper"]) for one in found] == [
        ("PERSONAL_ACCOUNT_MERGED", paper["id"])
    ]
    rows = await city.office.fetch(
        "UPDATE outbox SET refused = NULL, sent_at = now() WHERE refused IS NOT NULL RETURNING payload"
    )
    assert [orjson.loads(row["payload"])["person"][:20] for row in rows] == [old[:20]]
