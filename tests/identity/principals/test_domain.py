"""Which principals may exist."""

from __future__ import annotations

import pytest

from services.identity.principals.domain import Principal, PrincipalKind, faults_in
from shared.roles import CENTRE, Role


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("li.ming", []),
        ("shipped.li", []),
        ("shipped", ["NAME_RESERVED"]),
        ("Ledger", ["NAME_RESERVED"]),
        ("SHIPPED", ["NAME_RESERVED"]),
        ("l i", ["NAME_MALFORMED"]),
    ],
)
def test_a_name_is_well_formed_and_not_the_systems_own(name: str, codes: list[str]) -> None:
    new = Principal(name=name, kind=PrincipalKind.PERSON, role=Role.SUPERVISOR)
    assert [fault.code for fault in faults_in(new, frozenset({CENTRE}), None)] == codes
