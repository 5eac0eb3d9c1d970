"""Hostile requests against the running services: whatever comes in, the answer is never a 5xx.

Schemathesis makes valid and invalid requests from each committed OpenAPI file; every operation is
asked by a role that holds its right, so that requests pass the door and reach the rules.
"""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from shared.roles import Role
from tests.api.conftest import Stack

FILES = Path(__file__).parents[2] / "openapi"
EXAMPLES = 2
SEEDS = (20210701, 7, 424242)[: int(os.environ.get("WUXIAN_ATTACK_SEEDS", "1"))]
"""A first seed on every run of the suite; WUXIAN_ATTACK_SEEDS=3 for all."""
NOT_PROBLEMS = {"/readyz"}
"""Doors whose bad news is their normal answer."""


@dataclass
class Attack:
    """Requests against one operation by a caller it lets in."""

    url: str
    operation: schemathesis.APIOperation
    session: requests.Session
    calls: int = 0
    wrong: list[str] = field(default_factory=list)

    def run(self, mode: GenerationMode, number: int) -> None:
        """Make requests of one mode: by the rules, or against them."""

        @seed(number)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self.operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            self.ask(case)

        try:
            ask()
        except Unsatisfiable:
            # An operation that takes nothing cannot be asked wrongly.
            assert mode is GenerationMode.NEGATIVE, self.operation.label

    @property
    def form_of_refusals(self) -> str:
        """Problem documents; at the doors of OAuth the errors of RFC 6749."""
        is_oauth = self.operation.path.startswith("/v1/oauth/")
        return "application/json" if is_oauth else "application/problem+json"

    def ask(self, case: schemathesis.Case) -> None:
        """Make one request and look at its answer."""
        self.calls += 1
        answer = case.call(base_url=self.url, session=self.session, timeout=30)
        kind = answer.headers.get("content-type", [""])[0]
        if answer.status_code >= 500:
            self.wrong.append(f"{case.as_curl_command()} -> {answer.status_code}")
        elif answer.status_code >= 400 and not kind.startswith(self.form_of_refusals):
            self.wrong.append(f"{self.operation.label}: {answer.status_code} as {kind}")


def session_for(operation: schemathesis.APIOperation, stack: Stack) -> requests.Session:
    """A session of the first role that the operation admits."""
    roles = operation.definition.raw["x-roles"] or list(Role)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {stack.token(Role(roles[0]))}"
    return session


def attacks(service: str, stack: Stack) -> list[Attack]:
    """One attack per operation of a service."""
    schema = schemathesis.openapi.from_path(FILES / f"{service}.json")
    url = stack.urls[service]
    found = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path not in NOT_PROBLEMS:
            found.append(Attack(url, operation, session_for(operation, stack)))
    return found


def carry_out(planned: list[Attack]) -> None:
    for attack in planned:
        with attack.session:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                for number in SEEDS:
                    attack.run(mode, number)


@pytest.mark.story
@pytest.mark.parametrize("service", ["ledger", "collection", "payout", "identity"])
async def test_no_request_makes_a_service_stumble(service: str, stack: Stack) -> None:
    planned = await asyncio.to_thread(attacks, service, stack)
    await asyncio.to_thread(carry_out, planned)
    assert all(attack.calls for attack in planned)
    assert [wrong for attack in planned for wrong in attack.wrong] == []
