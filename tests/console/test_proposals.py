"""Proposals of one person's change go to the door as it takes them, with reasons that stand in the rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from services.console.pages.payout.entitlement_proposals import HOLDERS, PROPOSALS
from services.console.pages.payout.life_proofs import RECORD
from services.console.widgets.action import Action
from services.console.widgets.field import Choice

ROOT = Path(__file__).parents[2]
TYPED: dict[str, Any] = {
    "district": "heping",
    "identity_number": "120101195003071239",
    "document": "津退审[2021]115号",
    "channel": "counter",
    "proved_on": "2026-12-01",
    "from": "2026-12",
    "event_on": "2026-11-30",
    "bank_account": {"bank": "工商银行", "number": "6222020302064578901", "name": "张建国"},
}


def schema(name: str) -> dict[str, Any]:
    components = json.loads((ROOT / "openapi/payout.json").read_text())["components"]
    return {"$ref": f"#/components/schemas/{name}", "components": components}


def typed(action: Action) -> dict[str, Any]:
    members = {field.member.partition(".")[0] for field in action.fields}
    body = {name: value for name, value in TYPED.items() if name in members}
    reason = next((field for field in action.fields if field.member == "reason"), None)
    if isinstance(reason, Choice):
        body["reason"] = next(iter(reason.choices))
    assert action.send
    return dict(action.send(body))


@pytest.mark.parametrize("action", PROPOSALS, ids=lambda one: f"{one.title[1]}")
def test_a_proposal_fits_its_door_and_its_reasons_are_shipped(action: Action) -> None:
    body = typed(action)
    jsonschema_rs.validator_for(schema("EntitlementChangeIn")).validate(body)
    rules = json.loads((ROOT / "services/payout/data/entitlement_rules.json").read_text())["rules"]
    known = {rule["code"] for rule in rules if rule["topic"] == "reason"}
    reason = next(field for field in action.fields if field.member == "reason")
    assert isinstance(reason, Choice)
    of = "suspend" if body["action"] == "resume" else body["action"]
    assert {f"{of}.{code}" for code in reason.choices} <= known
    assert set(HOLDERS) == {rule["code"] for rule in rules if rule["topic"] == "holder"}


def test_a_proof_of_life_fits_its_door() -> None:
    jsonschema_rs.validator_for(schema("LifeProofsIn")).validate(typed(RECORD))
