"""The committed OpenAPI files are what the services serve, and every operation is well described."""

import json
import re
from pathlib import Path

import pytest

from shared.roles import RIGHTS, Right, Role
from shared.web.openapi import operations
from tests.examples import SERVICES, document_of

FILES = Path(__file__).parents[2] / "openapi"
SERVICES_ROOT = Path(__file__).parents[2] / "services"
PUBLIC = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/version",
    "/v1/oauth/token",
    "/v1/oauth/revoke",
    "/v1/trust",
    "/v1/sessions",
    "/v1/session-tokens",
    "/v1/session-ends",
    "/v1/passwords",
    "/v1/provider",
    "/v1/provider-attempts",
    "/v1/provider-sessions",
    "/v1/provider-sign-out",
    "/.well-known/jwks.json",
}
"""Doors that ask for no token."""
BOTH_LANGUAGES = re.compile(
    r"^[^·]*[\u4e00-\u9fff][^·]* · [^·\u4e00-\u9fff]*[A-Za-z][^·\u4e00-\u9fff]*$"
)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_committed_file_is_what_the_service_describes(service: str) -> None:
    committed = json.loads((FILES / f"{service}.json").read_text())
    assert committed == json.loads(json.dumps(document_of(service))), "run: make openapi"


def test_every_operation_has_a_name_and_a_sentence(service: str) -> None:
    names = []
    for path, _, operation in operations(document_of(service)):
        names.append(operation["operationId"])
        assert BOTH_LANGUAGES.match(operation.get("summary", "")), path
    assert len(names) == len(set(names))


def test_every_operation_has_one_tag_its_subject(service: str) -> None:
    document = document_of(service)
    folders = {path.name.removesuffix(".py") for path in (SERVICES_ROOT / service).iterdir()}
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    assert all(len(operation["tags"]) == 1 for _, _, operation in operations(document))
    assert used == set(described)
    assert used - folders <= {"service", "webhooks"}  # the same in every service
    assert all(BOTH_LANGUAGES.match(sentence) for sentence in described.values()), described


def test_every_operation_names_its_roles(service: str) -> None:
    for path, _, operation in operations(document_of(service)):
        assert set(operation["x-roles"]) <= set(Role)
        assert bool(operation["x-roles"]) == (path not in PUBLIC), path
        assert bool(operation.get("security")) == (path not in PUBLIC), path


def test_roles_are_those_that_the_right_of_the_door_lets_in() -> None:
    document = document_of("payout")
    file_claim = document["paths"]["/v1/claims"]["post"]
    assert file_claim["x-roles"] == [
        role.value for role in Role if Right.FILE_CLAIM in RIGHTS[role]
    ]
    sign = document["paths"]["/v1/claims/{claim}/signatures"]["post"]
    assert {"district_reviewer", "department_head", "centre_leader"} <= set(sign["x-roles"])


def test_schemas_have_plain_names(service: str) -> None:
    schemas = document_of(service)["components"]["schemas"]
    assert [name for name in schemas if not re.fullmatch("[A-Z][A-Za-z0-9]*", name)] == []


def test_no_amount_is_a_json_number(service: str) -> None:
    schemas = document_of(service)["components"]["schemas"]
    for name, schema in schemas.items():
        for member, shape in schema.get("properties", {}).items():
            if member in {"amount", "total", "wage", "settled", "open", "paid", "remaining"}:
                kinds = {shape.get("type"), *(part.get("type") for part in shape.get("anyOf", []))}
                assert "number" not in kinds, f"{name}.{member}"
