"""One step on all declarations of a district, if the control totals agree."""

import asyncio
from typing import Any

from tests.collection.support.office import Office, codes_of


def a_step(step: str, papers: list[dict[str, Any]], district: str, **other: Any) -> dict[str, Any]:
    total = sum(int(paper["total"].replace(".", "")) for paper in papers)
    control = {
        "declarations": len(papers),
        "people": sum(paper["people"] for paper in papers),
        "total": f"{total // 100}.{total % 100:02d}",
    }
    return {"district": district, "period": "2021-07", "step": step, "control": control | other}


async def take(
    office: Office, role: str, body: dict[str, Any], district: str, subject: str | None = None
) -> Any:
    return await office.post(role, "/v1/district-steps", body, district=district, subject=subject)


async def test_a_district_accepts_and_reviews_its_month_and_every_paper_bears_both_signatures(
    office: Office,
) -> None:
    papers = [await office.declared("5000.00", "6000.00", district="hedong") for _ in range(3)]
    other = await office.declared(district="hexi")
    accepted = await take(office, "district_clerk", a_step("accept", papers, "hedong"), "hedong")
    assert accepted.status_code == 201, accepted.text
    assert (accepted.json()["declarations"], accepted.json()["people"]) == (3, 6)
    reviewed = await take(office, "district_reviewer", a_step("review", papers, "hedong"), "hedong")
    assert reviewed.status_code == 201, reviewed.text
    for paper in papers:
        found = await office.get("supervisor", f"/v1/declarations/{paper['id']}")
        assert found.json()["status"] == "reviewed"
        trail = await office.get("supervisor", f"/v1/declarations/{paper['id']}/trail")
        steps = [(step["step"], step["signs"]) for step in trail.json()["items"]]
        assert steps == [("submit", False), ("accept", True), ("review", True)]
    untouched = await office.get("supervisor", f"/v1/declarations/{other['id']}")
    assert untouched.json()["status"] == "submitted"


async def test_totals_that_do_not_tie_move_nothing(office: Office) -> None:
    papers = [await office.declared(district="hebei")]
    late = await office.declared(district="hebei")
    refused = await take(office, "district_clerk", a_step("accept", papers, "hebei"), "hebei")
    assert refused.status_code == 422
    assert set(codes_of(refused)) == {"/control/declarations", "/control/people", "/control/total"}
    found = await office.get("supervisor", f"/v1/declarations/{late['id']}")
    assert found.json()["status"] == "submitted"


async def test_nobody_takes_both_steps_nor_another_districts(office: Office) -> None:
    papers = [await office.declared(district="hongqiao")]
    body = a_step("accept", papers, "hongqiao")
    assert (await take(office, "district_clerk", body, "nankai")).status_code == 403
    assert (await take(office, "district_reviewer", body, "hongqiao")).status_code == 403
    assert (await take(office, "district_clerk", body, "hongqiao", "li")).status_code == 201
    review = a_step("review", papers, "hongqiao")
    twice = await take(office, "district_reviewer", review, "hongqiao", "li")
    assert (twice.status_code, twice.json()["code"]) == (409, "SAME_PERSON_TWICE")
    found = await office.get("supervisor", f"/v1/declarations/{papers[0]['id']}")
    assert found.json()["status"] == "accepted"


async def test_of_two_at_once_one_moves_them(office: Office) -> None:
    papers = [await office.declared(district="dongli") for _ in range(2)]
    body = a_step("accept", papers, "dongli")
    answers = await asyncio.gather(
        *[take(office, "district_clerk", body, "dongli", name) for name in ("li", "wang")]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 422]
