"""Every recorded example in OpenAPI fits its schemas, and its identifiers have valid check digits."""

import pytest

from shared.web.examples import load
from shared.web.openapi import operations
from tests.examples import SERVICES, document_of, faults_of, file_of

WITHOUT = {"collection": 122, "identity": 0, "ledger": 45, "payout": 8}
"""How many operations may still have no example: `make examples` records them."""


@pytest.mark.parametrize("service", SERVICES)
def test_every_example_is_valid(service: str) -> None:
    document = document_of(service)
    known = load(file_of(service))
    by_name = {operation["operationId"]: operation for _, _, operation in operations(document)}
    faults = {
        name: found
        for name, example in known.items()
        if (found := faults_of(document, by_name[name], example))
    }
    assert not faults
    assert len(set(by_name) - set(known)) <= WITHOUT[service]
