"""Quotes give published figures over the API after publishing a policy pack only."""

from typing import Any

import pytest

from tests.collection.support import packs
from tests.collection.support.office import Office, codes_of
from tests.collection.support.policies import publish

Lines = dict[tuple[str, str], str]


def amounts(quoted: dict[str, Any]) -> Lines:
    return {(line["insurance"], line["party"]): line["amount"] for line in quoted["lines"]}


@pytest.mark.parametrize("case", packs.CONTRIBUTIONS, ids=lambda case: case["id"])
async def test_a_published_case_is_exact_by_publishing_its_pack(
    office: Office, case: dict[str, Any]
) -> None:
    content = packs.case_pack(case)
    await publish(office, content)
    answer = await office.post(
        "employer_portal",
        "/v1/quotes",
        {
            "region": content["region"],
            "on": "2021-07",
            "unit_kind": "enterprise",
            "people": [{"ref": "a", "wages": packs.case_wages(case)}],
        },
    )
    assert answer.status_code == 200, answer.text
    quoted = answer.json()
    for line in case["expect"]["lines"]:
        for party in ("unit", "personal"):
            assert amounts(quoted).get((line["insurance"], party), "0.00") == line[party]
    totals = quoted["totals"]
    assert totals["unit"] == case["expect"]["unit_total"]
    assert totals["personal"] == case["expect"]["personal_total"]
    assert totals["total"] == case["expect"]["total"]


@pytest.mark.parametrize("case", packs.DUAL_BASE, ids=lambda case: case["id"])
async def test_a_dual_base_case_is_exact(office: Office, case: dict[str, Any]) -> None:
    content = packs.dual_pack(case)
    await publish(office, content)
    answer = await office.post(
        "employer_portal",
        "/v1/quotes",
        {
            "region": content["region"],
            "on": "2021-07-01",
            "unit_kind": "enterprise",
            "unit_wage_total": case["unit_monthly_average_total_wage"],
            "people": [
                {"ref": str(number), "wages": {"*": base}}
                for number, base in enumerate(case["personal_bases"])
            ],
        },
    )
    quoted = answer.json()
    (whole,) = [line for line in quoted["lines"] if line["ref"] is None]
    assert whole["base"] == case["unit_base"]
    assert whole["amount"] == case["pension"]["unit"] == quoted["totals"]["unit"]
    assert quoted["totals"]["personal"] == case["pension"]["personal"]


async def test_a_line_explains_itself(office: Office) -> None:
    answer = await office.post(
        "district_clerk",
        "/v1/quotes",
        {
            "on": "2021-07",
            "unit_kind": "enterprise",
            "injury_class": 1,
            "people": [{"ref": "a", "wages": {"*": "3000.00"}}],
        },
    )
    quoted = answer.json()
    assert quoted["policy"] == "tianjin-2021"
    (line,) = [line for line in quoted["lines"] if line["insurance"] == "work_injury"]
    assert line["explain"] == {
        "rule": "work_injury.unit.class1",
        "asked": "3000.00",
        "floor": "3364.00",
        "ceiling": "17613.00",
        "clamp": "floor",
        "base": "3364.00",
        "rate": "0.0020",
        "product": "6.728",
        "rounding": "0.01 half_up",
        "credited": None,
        "factors": [],
        "category": None,
        "choice": None,
        "cap": None,
        "source": "injury-2015",
    }
    assert line["amount"] == "6.73"
    assert "人社部发〔2015〕71号" in quoted["sources"]["injury-2015"]["text"]
    assert quoted["totals"]["by_fund"]["medical"] == "420.50"  # medical 403.68 and maternity 16.82


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"on": "1999-01"}, 422, "POLICY_NOT_IN_FORCE"),
        ({"region": "atlantis"}, 422, "POLICY_NOT_IN_FORCE"),
        ({"unit_kind": "flexible"}, 422, "UNIT_KIND_NOT_COVERED"),
        ({"injury_class": None}, 422, "UNIT_KIND_NOT_COVERED"),
        ({"on": "2008-07"}, 422, "UNIT_WAGE_TOTAL_MISSING"),
    ],
)
async def test_what_cannot_be_levied_is_refused(
    office: Office, change: dict[str, Any], status: int, code: str
) -> None:
    body = {
        "on": "2021-07",
        "unit_kind": "enterprise",
        "injury_class": 1,
        "people": [{"ref": "a", "wages": {"*": "3000.00"}}],
    } | change
    refused = await office.post("employer_portal", "/v1/quotes", body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_every_fault_of_a_quote_is_named(office: Office) -> None:
    body = {
        "on": "2021-13",
        "unit_kind": "circus",
        "people": [
            {"ref": "a", "wages": {"*": 3000}},
            {"ref": "b", "wages": {"medical": "1.00"}},
            {"ref": "c", "wages": {"*": "99999999999.00"}},
            {"ref": "d", "wages": {"*": "-1.00"}},
        ],
    }
    found = codes_of(await office.post("employer_portal", "/v1/quotes", body))
    assert found == {
        "/on": "PERIOD_MALFORMED",
        "/unit_kind": "ENUM",
        "/people/0/wages/*": "AMOUNT_MALFORMED",
        "/people/1/wages": "WAGE_DEFAULT_MISSING",
        "/people/2/wages/*": "AMOUNT_TOO_LARGE",
        "/people/3/wages/*": "AMOUNT_NEGATIVE",
    }


async def test_a_wage_of_an_insurance_that_the_policy_lacks_is_named(office: Office) -> None:
    body = {
        "on": "2021-07",
        "unit_kind": "enterprise",
        "injury_class": 1,
        "people": [{"ref": "a", "wages": {"*": "3000.00", "large_outpatient": "1.00"}}],
    }
    refused = await office.post("employer_portal", "/v1/quotes", body)
    assert codes_of(refused) == {"/people/0/wages/large_outpatient": "INSURANCE_NOT_LISTED"}


async def test_a_quote_writes_nothing(office: Office) -> None:
    body = {
        "on": "2021-07",
        "unit_kind": "enterprise",
        "injury_class": 1,
        "people": [{"ref": "a", "wages": {"*": "3000.00"}}],
    }
    before = await office.fetch("SELECT count(*) FROM trail")
    await office.post("employer_portal", "/v1/quotes", body, key="quoted")
    assert await office.fetch("SELECT count(*) FROM trail") == before
    assert await office.fetch("SELECT 1 FROM idempotency WHERE idem_key = 'quoted'") == []
