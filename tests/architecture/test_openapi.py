"""The committed OpenAPI files are what the services serve, and every operation is well described."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

FILES = Path(__file__).parents[2] / "openapi"
SERVICES = ("collection", "ledger", "payout")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def served(service: str) -> dict[str, Any]:
    app = import_module(f"services.{service}.app").build()
    return dict(app.openapi())


def test_the_committed_file_is_what_is_served(service: str) -> None:
    committed = json.loads((FILES / f"{service}.json").read_text())
    assert committed == json.loads(json.dumps(served(service))), "run: make openapi"


def test_every_operation_has_a_name_and_a_sentence(service: str) -> None:
    names = []
    for path, operations in served(service)["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            assert operation.get("summary"), path
    assert len(names) == len(set(names))


def test_no_amount_is_a_json_number(service: str) -> None:
    schemas = served(service)["components"]["schemas"]
    for name, schema in schemas.items():
        for member, shape in schema.get("properties", {}).items():
            if member in {"amount", "total", "wage", "settled", "open", "paid", "remaining"}:
                kinds = {shape.get("type"), *(part.get("type") for part in shape.get("anyOf", []))}
                assert "number" not in kinds, f"{name}.{member}"
