"""Each event is paid once over all claims: a hospital's paper, a birth, a funeral."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, number, pensioner

UNIT = "91120101MA00000006"


def papers(*references: str, **changes: Any) -> dict[str, Any]:
    """Build a hospital claim of 1000.00 for each of these paper numbers."""
    claim = hospital_claim(*["1000.00"] * len(references)) | changes
    for line, reference in zip(claim["lines"], references, strict=True):
        line["reference"] = reference
    return claim


def about_person(kind: str, serial: int, **changes: Any) -> dict[str, Any]:
    """Build a claim of one person: a birth of hers, or a death."""
    claim = hospital_claim("5000.00", **{"filed_on": "2021-08-02"} | changes) | {"kind": kind}
    if kind == "maternity_allowance":
        claim["credit_code"] = UNIT
    claim["lines"][0]["identity_number"] = number(serial)
    return claim


def born(claim: dict[str, Any], day: str) -> dict[str, Any]:
    claim["lines"][0]["event_on"] = day
    return claim


def refusal(answer: Any) -> tuple[int, str, list[str]]:
    found = answer.json()
    return answer.status_code, found["code"], [one["pointer"] for one in found["errors"]]


@pytest.mark.parametrize(
    "again",
    [
        {"summary": "补报"},
        {"period": "2021-08"},
        {"district": "nankai"},
    ],
    ids=["another summary", "another month", "another district"],
)
async def test_a_hospital_paper_is_claimed_once(office: Office, again: dict[str, str]) -> None:
    mark = uuid4().hex[:8]
    first = await office.file(papers(f"ZY-{mark}-1", f"ZY-{mark}-2"))
    assert first.status_code == 201, first.text
    second = papers(f"ZY-{mark}-3", f"ZY-{mark}-2", **again)
    answer = await office.file(second, second["district"])
    assert refusal(answer) == (409, "EVENT_CLAIMED", ["/lines/1"])
    assert first.json()["id"] in answer.text
    third = papers(f"ZY-{mark}-3", **again)
    assert (await office.file(third, third["district"])).status_code == 201


FUNERAL_PAPERS = ["injury_decision", "death_certificate", "kinship_proof"]


async def test_of_three_funeral_grants_one_is_paid(office: Office) -> None:
    kinds = ("funeral_grant", "unemployment_funeral", "injury_funeral")
    claims = [about_person(kind, 811, documents=FUNERAL_PAPERS) for kind in kinds]
    first = await office.file(claims[0])
    assert first.status_code == 201, first.text
    for claim in claims[1:]:
        answer = await office.file(claim)
        assert refusal(answer) == (409, "EVENT_CLAIMED", ["/lines/0"])
        assert first.json()["id"] in answer.text
    await office.sign(
        first.json()["id"], "district_reviewer", "refuse", note="x", district="heping"
    )
    assert (await office.file(claims[2])).status_code == 201
    assert refusal(await office.file(claims[0]))[1] == "EVENT_CLAIMED"


async def test_a_month_of_a_pension_has_no_unemployment_benefit(office: Office) -> None:
    assert (await office.register([pensioner(812, since="2021-07")])).status_code == 201
    papers_of = {"documents": ["unemployment_registration"]}
    during = about_person("unemployment_benefit", 812, **papers_of)
    found = (await office.file(during)).json()
    assert [(one["pointer"], one["code"]) for one in found["errors"]] == [
        ("/lines/0/identity_number", "PENSION_DRAWN")
    ]
    before = about_person("unemployment_benefit", 812, period="2021-06", **papers_of)
    assert (await office.file(before)).status_code == 201


async def test_a_pension_given_after_the_filing_stops_the_last_signature(office: Office) -> None:
    papers_of = {"documents": ["unemployment_registration"]}
    filed = (await office.file(about_person("unemployment_benefit", 813, **papers_of))).json()
    for role, district in (("district_reviewer", "heping"), ("department_head", "centre")):
        assert (await office.sign(filed["id"], role, district=district)).status_code == 201
    assert (await office.register([pensioner(813, since="2021-07")])).status_code == 201
    last = await office.sign(filed["id"], "centre_leader", district="centre")
    assert refusal(last)[2] == ["/lines/0/identity_number"], last.text
    assert last.json()["errors"][0]["code"] == "PENSION_DRAWN"


async def test_a_bill_of_a_hospital_is_one_insurance_s(office: Office) -> None:
    mark = uuid4().hex[:8]
    assert (await office.file(papers(f"ZY-{mark}"))).status_code == 201
    injury = papers(f"ZY-{mark}", filed_on="2021-08-02") | {
        "kind": "injury_treatment",
        "documents": ["injury_decision", "settlement_statement"],
    }
    assert refusal(await office.file(injury))[1] == "EVENT_CLAIMED"


async def test_blanks_width_and_case_make_no_other_paper(office: Office) -> None:
    mark = uuid4().hex[:8]
    assert (await office.file(papers(f"zy-{mark}"))).status_code == 201
    again = papers(f"ZY-{mark.upper()}")
    again["lines"][0]["payee_name"] = " 天津市第一 中心医院"
    assert refusal(await office.file(again))[1] == "EVENT_CLAIMED"
    other = papers(f"ZY-{mark}")
    other["lines"][0]["payee_name"] = "天津市第二中心医院"
    assert (await office.file(other)).status_code == 201


async def test_a_patients_paper_is_claimed_once_for_any_payee(office: Office) -> None:
    mark = uuid4().hex[:8]
    claims = []
    for payee in ("天津市第一中心医院", "张建国"):
        claim = papers(f"ZY-{mark}")
        claim["lines"][0] |= {"payee_name": payee, "identity_number": number(410)}
        claims.append(claim)
    assert (await office.file(claims[0])).status_code == 201
    assert refusal(await office.file(claims[1]))[1] == "EVENT_CLAIMED"


async def test_a_refused_claim_frees_its_papers(office: Office) -> None:
    mark = uuid4().hex[:8]
    claim = (await office.file(papers(f"ZY-{mark}"))).json()["id"]
    await office.sign(claim, "district_reviewer", "refuse", district="heping", note="发票不全")
    assert (await office.file(papers(f"ZY-{mark}", summary="更正"))).status_code == 201
    assert refusal(await office.file(papers(f"ZY-{mark}", summary="再报")))[0] == 409


async def test_of_claims_at_the_same_time_one_gets_the_paper(office: Office) -> None:
    mark = uuid4().hex[:8]
    numbers = [f"ZY-{mark}-{index}" for index in range(5)]
    answers = await asyncio.gather(
        *(
            office.file(papers(*order, summary=uuid4().hex))
            for order in (numbers, numbers[::-1]) * 2
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_birth_is_paid_once(office: Office) -> None:
    office.peers.arrears[UNIT] = "0.00"
    first = await office.file(about_person("maternity_allowance", 420))
    assert first.status_code == 201, first.text
    for changes in ({"period": "2021-08"}, {"district": "nankai"}, {"period": "2021-01"}):
        claim = about_person("maternity_allowance", 420, **changes)
        office.peers.district = claim["district"]
        answer = await office.file(claim, claim["district"])
        assert refusal(answer) == (409, "EVENT_CLAIMED", ["/lines/0"])
        assert first.json()["id"] in answer.text
    near = born(about_person("maternity_allowance", 420), "2021-06-30")
    assert refusal(await office.file(near))[1] == "EVENT_CLAIMED"
    earlier = born(about_person("maternity_allowance", 420, period="2019-05"), "2019-05-08")
    assert (await office.file(earlier)).status_code == 201
    wrong_day = born(about_person("maternity_allowance", 420, period="2019-07"), "2019-04-30")
    assert refusal(await office.file(wrong_day))[1] == "EVENT_CLAIMED"


async def test_a_further_birth_needs_its_day(office: Office) -> None:
    """Two claims without days, a year apart, may mean one birth: only the day tells."""
    office.peers.arrears[UNIT] = "0.00"
    first = await office.file(about_person("maternity_allowance", 425, period="2020-06"))
    assert first.status_code == 201, first.text
    undated = about_person("maternity_allowance", 425, period="2021-07")
    assert refusal(await office.file(undated)) == (
        422,
        "VALIDATION_FAILED",
        ["/lines/0/event_on"],
    )
    late = born(about_person("maternity_allowance", 425, period="2021-07"), "2019-05-02")
    assert refusal(await office.file(late))[1] == "EVENT_CLAIMED", "the first claim may mean it"
    other = born(about_person("maternity_allowance", 425, period="2021-07"), "2021-07-02")
    assert (await office.file(other)).status_code == 201


async def test_births_of_one_mother_at_the_same_time_are_one(office: Office) -> None:
    office.peers.arrears[UNIT] = "0.00"
    claims = [
        about_person("maternity_allowance", 430),
        born(about_person("maternity_allowance", 430), "2021-07-01"),
        about_person("maternity_allowance", 430, period="2021-06"),
    ]
    answers = await asyncio.gather(*(office.file(claim) for claim in claims))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_a_funeral_is_paid_once_by_the_pension_fund(office: Office) -> None:
    first = await office.file(about_person("funeral_grant", 440))
    assert first.status_code == 201, first.text
    assert (first.json()["fund"], first.json()["account"]) == ("pension", "benefit.funeral_grant")
    for changes in ({"period": "2020-01"}, {"district": "nankai"}):
        claim = about_person("funeral_grant", 440, **changes)
        assert refusal(await office.file(claim, claim["district"]))[1] == "EVENT_CLAIMED"


@pytest.mark.parametrize("kind", ["maternity_allowance", "funeral_grant"])
async def test_a_claim_about_a_person_names_the_person(office: Office, kind: str) -> None:
    claim = about_person(kind, 450)
    del claim["lines"][0]["identity_number"]
    answer = await office.file(claim)
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("/lines/0/identity_number", "IDENTITY_NUMBER_MISSING")
    ]


async def test_one_claim_names_an_event_once(office: Office) -> None:
    claim = hospital_claim("1.00", "2.00") | {"kind": "funeral_grant"}
    for line in claim["lines"]:
        line["identity_number"] = number(460)
    answer = await office.file(claim)
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("/lines/1", "EVENT_REPEATED")
    ]
