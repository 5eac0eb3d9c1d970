"""Policies that take bases from more than the wage: declared, stored, billed and explained."""

from typing import Any

from tests.collection.support import packs
from tests.collection.support.figures import MONTH, born, content, enrolled
from tests.collection.support.office import Office, codes_of
from tests.collection.support.policies import publish


async def test_what_the_policy_asks_for_is_named_levied_and_explained(office: Office) -> None:
    await publish(office, content())
    bare = [born(1970, 1), born(1950, 2)]
    code = await enrolled(office, bare)
    refused = await office.declare(code, bare, period=MONTH)
    assert codes_of(refused) == {
        "/unit_figures/last_month": "FIGURE_MISSING",
        "/people/0/figures/last_year": "FIGURE_MISSING",
        "/people/1/figures/last_year": "FIGURE_MISSING",
    }
    people = [born(1970, 1, last_year="3000.00"), born(1950, 2, last_year="500.00")]
    answer = await office.declare(
        code, people, period=MONTH, unit_figures={"last_month": "7654.32"}
    )
    assert answer.status_code == 201, answer.text
    declared = answer.json()
    amounts = {(line["rule"], line["account"]): line["amount"] for line in declared["lines"]}
    assert amounts == {
        ("pension.personal", "personal_account"): "320.00",  # 3000 and, at the floor, 1000
        ("medical.personal", "personal_account"): "80.00",
        ("to45", "personal_account"): "80.00",
        ("from45", "personal_account"): "100.00",
        ("large_medical.unit", "pooled"): "25.00",
        ("pension.unit", "pooled"): "1530.86",
        ("medical.unit", "pooled"): "180.00",  # 9 % of 4000, less what was credited
    }
    found = await office.get("supervisor", f"/v1/declarations/{declared['id']}/lines", explain=True)
    young, old = found.json()["items"]
    assert {line["rule"]: line["asked"] for line in young["explain"]}["pension.personal"] == (
        "3000.00"
    )
    assert "from45" in {line["rule"] for line in old["explain"]}
    credited = {line["rule"]: line["credited"] for line in found.json()["unit_lines"]}
    assert credited == {"pension.unit": None, "medical.unit": "180.00"}


async def test_a_quote_names_what_is_missing_and_floats_the_injury_rate(office: Office) -> None:
    await publish(office, content() | {"region": "sourceland"})
    person: dict[str, Any] = {"ref": "a", "wages": {"*": "2000.00"}}
    body: dict[str, Any] = {
        "region": "sourceland",
        "on": "1995-03",
        "unit_kind": "enterprise",
        "people": [person],
    }
    refused = await office.post("employer_portal", "/v1/quotes", body)
    assert codes_of(refused) == {
        "/unit_figures/last_month": "FIGURE_MISSING",
        "/people/0/figures/last_year": "FIGURE_MISSING",
        "/people/0/age": "AGE_MISSING",
    }
    floating: dict[str, Any] = packs.sound_pack() | {
        "pack": "float",
        "region": "floatland",
        "injury_floating": {
            "insurance": "work_injury",
            "steps": [{"id": "up_120", "factor": "1.2", "source": "s"}],
        },
    }
    await publish(office, floating)
    body |= {"region": "floatland", "on": "2021-07", "injury_class": 2, "injury_step": "up_120"}
    quoted = (await office.post("employer_portal", "/v1/quotes", body)).json()
    (line,) = [line for line in quoted["lines"] if line["insurance"] == "work_injury"]
    assert (line["rate"], line["explain"]["factors"]) == ("0.0048", ["up_120 1.2000"])
    body["injury_step"] = "sideways"
    refused = await office.post("employer_portal", "/v1/quotes", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "INJURY_STEP_UNKNOWN")
