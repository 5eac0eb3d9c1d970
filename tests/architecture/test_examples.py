"""Every operation has one recorded example in OpenAPI. It fits its schemas, and its identifiers have
valid check digits."""

import pytest

from shared.web.examples import load
from shared.web.openapi import operations
from tests.examples import SERVICES, document_of, faults_of, file_of


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_a_valid_example(service: str) -> None:
    document = document_of(service)
    known = load(file_of(service))
    by_name = {operation["operationId"]: operation for _, _, operation in operations(document)}
    assert set(known) == set(by_name), "`make examples` records what is missing"
    faults = {
        name: found
        for name, example in known.items()
        if (found := faults_of(document, by_name[name], example))
    }
    assert not faults
