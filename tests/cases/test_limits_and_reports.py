"""Published limits and published reports over the API."""

import json
from typing import Any

import pytest

from tests.collection.support.office import Office
from tests.collection.support.packs import CASES, a_pack, a_rate, yuan
from tests.collection.support.policies import publish


def of_file(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASES / f"{name}.json").read_text())[name]
    return found


LIMITS, REPORTS = of_file("limits_from_average"), of_file("cross_foot")


def limited(case: dict[str, Any]) -> dict[str, Any]:
    """Build the pack whose limits follow from a case's averages."""
    of_floor = case.get("floor_average_of", [case["average"]])
    amounts = list(dict.fromkeys([*of_floor, case["average"]]))
    rule = {"rounding": {"unit": "1.00", "mode": "half_up"}}
    return a_pack(
        f"{case['id']}-limits",
        insurances=["pension"],
        rates=[a_rate("pension", "unit", "0.16"), a_rate("pension", "personal", "0.08")],
        averages=[{"id": amount, "amount": yuan(amount), "source": "s"} for amount in amounts],
    ) | {
        "limits": [
            {
                "id": "limits",
                "insurance": "*",
                "floor": None,
                "ceiling": None,
                "floor_from": {"of": of_floor, "factor": case["floor_factor"]} | rule,
                "ceiling_from": {"of": [case["average"]], "factor": "3"} | rule,
                "source": "s",
            }
        ]
    }


@pytest.mark.parametrize("case", LIMITS, ids=lambda case: case["id"])
async def test_limits_follow_from_the_published_averages(
    office: Office, case: dict[str, Any]
) -> None:
    case = {"floor_factor": "0.6"} | case
    content = limited(case)
    await publish(office, content)
    for wage, limit in (("1.00", case["floor"]), ("99999999.00", case["ceiling"])):
        body = {
            "region": content["region"],
            "on": "2021-07",
            "unit_kind": "enterprise",
            "people": [{"ref": "a", "wages": {"*": wage}}],
        }
        answer = await office.post("employer_portal", "/v1/quotes", body)
        assert answer.status_code == 200, answer.text
        assert {line["base"] for line in answer.json()["lines"]} == {yuan(limit)}


async def test_reports_that_do_not_add_up_are_found(office: Office) -> None:
    body = {
        "reports": [
            {
                "id": case["id"],
                "stated_total": f"{case['stated_total_wan']}0000.00",
                "lines": [
                    {"name": f"险种{number}", "amount": f"{amount}0000.00"}
                    for number, amount in enumerate(case["lines_wan"])
                ],
            }
            for case in REPORTS
        ]
    }
    answer = await office.post("supervisor", "/v1/cross-foots", body)
    found = [(one["id"], one["ok"], one["sum"]) for one in answer.json()["items"]]
    assert found == [(case["id"], case["ok"], f"{case['sum_wan']}0000.00") for case in REPORTS]
