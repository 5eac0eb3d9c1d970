"""A portal of named units reaches their papers and no other, by whichever door; machines read only
what their work needs."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from shared.ids import Ref, unit_key, uuid7
from shared.references import Reference
from shared.roles import Caller, Role
from shared.web.openapi import operations
from tests.collection.support.money import line, owe, push
from tests.collection.support.office import Office, a_code, a_declaration, a_person, a_unit
from tests.issuer import Issuer

DOCUMENT = json.loads((Path(__file__).parents[4] / "openapi/collection.json").read_text())
_keys = itertools.count(1)
ANY_UNIT = {
    "who_am_i",
    "list_regions",
    "get_policy_in_force",
    "policy_in_force",
    "quote",
    "quote_project",
    "list_bank_profiles",
    "list_cut_offs",
    "list_policies",
    "list_return_codes",
    "list_waiver_reasons",
}
"""Doors that are about no unit."""
OWN_LISTS = {
    "list_agreements",
    "list_bills",
    "list_debit_agreements",
    "list_declarations",
    "list_dunning_notices",
    "list_inspections",
    "list_projects",
    "list_receipts",
    "list_refunds",
    "list_units",
    "list_waivers",
}
"""Lists that leave out what is not of the portal's units; each other list is the bureau's own."""
FILLED = {"list_bills", "list_debit_agreements", "list_declarations", "list_receipts", "list_units"}
"""Lists for which the test has rows of two units."""


class Portal:
    """A client of named units."""

    def __init__(self, office: Office, issuer: Issuer, *units: str) -> None:
        self.office = office
        caller = Caller(subject="hall", role=Role.EMPLOYER_PORTAL, units=frozenset(units))
        self.bearer = {"Authorization": f"Bearer {issuer.mint(caller)}"}

    async def ask(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, str]:
        headers = self.bearer | {"Idempotency-Key": f"hall-{next(_keys)}"}
        answer = await self.office.api.request(
            method, path, json=body, params=params, headers=headers
        )
        found = answer.json() if answer.content else {}
        return answer.status_code, str(found.get("code", "")) if isinstance(found, dict) else ""


async def test_a_portal_of_one_unit_declares_and_reads_for_it_only(
    office: Office, issuer: Issuer
) -> None:
    own, other = await office.unit(), await office.unit()
    people = [a_person()]
    for code in (own, other):
        await office.enrol(code, people if code == own else [a_person()])
    portal = Portal(office, issuer, own)
    assert (await portal.ask("POST", "/v1/declarations", a_declaration(own, people)))[0] == 201
    refused = await portal.ask("POST", "/v1/declarations", a_declaration(other, people))
    assert refused == (403, "UNIT_FORBIDDEN")
    for path in ("/v1/units/{}", "/v1/units/{}/enrolments", "/v1/units/{}/arrears"):
        assert (await portal.ask("GET", path.format(own)))[0] == 200
        assert (await portal.ask("GET", path.format(other)))[1] == "UNIT_FORBIDDEN"
    assert (await portal.ask("GET", "/v1/bills", credit_code=own))[0] == 200
    assert (await portal.ask("GET", "/v1/bills", credit_code=other))[1] == "UNIT_FORBIDDEN"


async def test_a_paper_of_another_unit_is_out_of_reach(office: Office, issuer: Issuer) -> None:
    own, other, people = await office.unit(), await office.unit(), [a_person()]
    await office.enrol(other, people)
    paper = (await office.declare(other, people)).json()["id"]
    path = f"/v1/declarations/{paper}"
    assert (await Portal(office, issuer, other).ask("GET", path))[0] == 200
    assert (await Portal(office, issuer, own).ask("GET", path))[1] == "UNIT_FORBIDDEN"


async def test_a_portal_registers_its_own_unit_only(office: Office, issuer: Issuer) -> None:
    own, other = a_code(), a_code()
    portal = Portal(office, issuer, own)
    assert (await portal.ask("POST", "/v1/units", a_unit(other)))[1] == "UNIT_FORBIDDEN"
    assert (await portal.ask("POST", "/v1/units", a_unit(own)))[0] == 201


PORTAL_DOORS = [
    (method, path, operation)
    for path, method, operation in operations(DOCUMENT)
    if "employer_portal" in operation["x-roles"] and operation["operationId"] not in ANY_UNIT
]


PORTAL_LISTS = [
    (path, operation["operationId"])
    for method, path, operation in PORTAL_DOORS
    if method == "get" and "{" not in path
]


def names_a_unit(operation: dict[str, Any]) -> bool:
    """Tell whether a request to this door can name another unit; other lists have a test below."""
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    return operation["operationId"] not in OWN_LISTS or "credit_code" in names


NAMING_DOORS = [one for one in PORTAL_DOORS if names_a_unit(one[2])]


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    NAMING_DOORS,
    ids=[one[2]["operationId"] for one in NAMING_DOORS],
)
async def test_every_door_refuses_another_unit(
    office: Office, issuer: Issuer, method: str, path: str, operation: dict[str, Any]
) -> None:
    """Generated from OpenAPI: a new door is closed to a portal of named units until it names one."""
    other = a_code()
    reference = Ref(unit_key(other), uuid7()).text(Reference.DECLARATION)
    filled = path
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            value = other if parameter["name"] == "credit_code" else reference
            filled = filled.replace("{" + parameter["name"] + "}", value)
    params = {"credit_code": other} if method == "get" else {}
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    params = {name: value for name, value in params.items() if name in names and "{" not in path}
    body = None if method == "get" else {"credit_code": other}
    portal = Portal(office, issuer, a_code())
    assert await portal.ask(method.upper(), filled, body, **params) == (403, "UNIT_FORBIDDEN")


@pytest.fixture(scope="module")
def filed() -> list[str]:
    """Two units that have papers, once the first test has filed them."""
    return []


async def units_with_papers(office: Office, filed: list[str]) -> list[str]:
    """Two units with a declaration, an agreement, a bill and a receipt each."""
    if not filed:
        for number in range(2):
            code, people = await office.unit(), [a_person()]
            await office.enrol(code, people)
            assert (await office.declare(code, people)).status_code == 201
            await owe(office.database_url, codes=[code])
            body = push(f"P-{code}", [line(f"S-{code}", code)])
            headers = office.bearer("tax_bureau") | {"Idempotency-Key": f"push-{number}"}
            answer = await office.api.post("/v1/tax-pushes", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            filed.append(code)
    return filed


@pytest.mark.parametrize(("path", "operation"), PORTAL_LISTS, ids=[one[1] for one in PORTAL_LISTS])
async def test_each_list_is_of_the_portals_own_units_or_refused(
    office: Office, issuer: Issuer, filed: list[str], path: str, operation: str
) -> None:
    """Generated from OpenAPI: no list tells a portal of another unit."""
    one, other = await units_with_papers(office, filed)
    if operation not in OWN_LISTS:
        assert await Portal(office, issuer, one).ask("GET", path) == (403, "UNIT_FORBIDDEN")
        return
    for units in ({one}, {other}, {one, other}, {a_code()}):
        portal = Portal(office, issuer, *units)
        answer = await office.api.get(path, params={"limit": 500}, headers=portal.bearer)
        assert answer.status_code == 200, answer.text
        listed = {item["credit_code"] for item in answer.json()["items"]}
        assert listed == (units & {one, other} if operation in FILLED else set())


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("tax_bureau", "/v1/bills", 200),
        ("tax_bureau", "/v1/units", 403),
        ("tax_bureau", "/v1/declarations", 403),
        ("tax_bureau", "/v1/receipts", 403),
        ("tax_bureau", "/v1/units/{}/arrears", 403),
        ("payout_service", "/v1/units/{}/arrears", 200),
        ("payout_service", "/v1/units/{}", 403),
        ("payout_service", "/v1/units/{}/enrolments", 403),
        ("payout_service", "/v1/bills", 403),
        ("bank_gateway", "/v1/debit-batches", 200),
        ("bank_gateway", "/v1/bills", 403),
        ("dashboard", "/v1/bills", 403),
        ("collection_service", "/v1/bills", 403),
        ("identity_admin", "/v1/units", 403),
    ],
)
async def test_a_machine_reads_only_what_its_work_needs(
    office: Office, role: str, path: str, status: int
) -> None:
    unit = await office.unit()
    assert (await office.get(role, path.format(unit))).status_code == status
