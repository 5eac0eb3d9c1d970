"""The door of the papers behind a difference of a closing."""

from typing import Any

from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, result

PATH = "/v1/closing-control/papers"
MONTH_END = "2021-08-31"


async def _papers(office: Office, **params: str) -> list[dict[str, Any]]:
    answer = await office.client.get(
        PATH,
        params={"fund": "medical", "as_of": MONTH_END} | params,
        headers=office.bearer("fund_accountant"),
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_papers_are_listed_with_both_amounts(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("400.00", "600.00"))
    lines = await office.lines(batch)
    await office.report(batch, [result(line) for line in lines])
    assert await _papers(office) == [], "none differs"
    (paper,) = await _papers(office, differing="false")
    assert (paper["fund"], paper["period"]) == ("medical", "2021-07")
    assert (paper["business"], paper["statistics"], paper["difference"]) == (
        "1000.00",
        "1000.00",
        "0.00",
    )
    assert await _papers(office, differing="false", period="2021-07") == [paper]
    assert await _papers(office, differing="false", period="2021-06") == []
    assert await _papers(office, differing="false", fund="pension") == []
    (before,) = await _papers(office, differing="false", as_of="2021-08-04")
    assert before["business"] == "0.00", "it was paid on the next day"


async def test_the_papers_are_the_centres_alone(office: Office) -> None:
    answer = await office.client.get(
        PATH, params={"fund": "medical"}, headers=office.bearer("district_clerk", "heping")
    )
    assert answer.status_code == 403
