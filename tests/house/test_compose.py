"""The compose file: the services of one image, in order, each ready before it counts."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services import VERSION
from shared.process.database_address import has_login, password_file
from shared.process.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICES = {"collection": 8001, "ledger": 8002, "payout": 8003, "identity": 8005}
PORTS = SERVICES | {"console": 8004}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


def test_it_runs_what_the_architecture_names(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"postgres", "migrate", *PORTS}
    images = {compose["services"][name]["image"] for name in ("migrate", *PORTS)}
    assert images == {f"wuxian:{VERSION}"}


@pytest.mark.parametrize("name", PORTS)
def test_a_service_starts_after_the_migration_and_says_when_it_is_ready(
    compose: dict[str, Any], name: str
) -> None:
    service = compose["services"][name]
    port = PORTS[name]
    assert service["command"][:2] == ["serve", name]
    assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert f":{port}/readyz" in service["healthcheck"]["test"][-1]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert Settings.model_fields[f"{name}_port"].default == port


def test_the_migration_waits_for_the_database(compose: dict[str, Any]) -> None:
    waits = compose["services"]["migrate"]["depends_on"]
    assert waits == {"postgres": {"condition": "service_healthy"}}
    assert "healthcheck" in compose["services"]["postgres"]


def test_every_variable_is_a_setting(compose: dict[str, Any]) -> None:
    for name in ("migrate", *PORTS):
        for variable in compose["services"][name]["environment"]:
            assert variable.removeprefix("WUXIAN_").lower() in Settings.model_fields


def variables(compose: dict[str, Any], name: str) -> str:
    """Return everything that a container is given, as text."""
    return str(compose["services"][name].get("environment", {}))


def test_no_password_has_a_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    substituted = re.findall(r"\$\{(\w+)(.*?)\}", text)
    assert {name for name, _ in substituted} == {"WUXIAN_DB_PASSWORD"}
    assert all(rest.startswith(":?") for _, rest in substituted), "no value: compose must refuse"
    for name in compose["services"]:
        for said in re.findall(r"postgresql://(\S*?)@", variables(compose, name)):
            assert said.partition(":")[2].startswith("${"), f"{name} has a written password"


def test_only_the_migration_knows_the_administrator(compose: dict[str, Any]) -> None:
    for name in SERVICES:
        given = compose["services"][name]["environment"]
        assert "WUXIAN_DB_PASSWORD" not in variables(compose, name)
        assert "WUXIAN_ADMIN_DATABASE_URL" not in given
        assert not has_login(given["WUXIAN_DATABASE_URL"])
        assert "--no-migrate" in compose["services"][name]["command"]
    assert "WUXIAN_ADMIN_DATABASE_URL" in compose["services"]["migrate"]["environment"]


def test_each_service_sees_its_own_password_and_no_other(compose: dict[str, Any]) -> None:
    secrets = "/var/lib/wuxian/secrets"
    made = {f"{name}-secrets:{secrets}/{name}" for name in SERVICES}
    assert set(compose["services"]["migrate"]["volumes"]) == made
    for name in SERVICES:
        mounted = [one for one in compose["services"][name]["volumes"] if "secrets" in one]
        assert mounted == [f"{name}-secrets:{secrets}/{name}:ro"]
        assert f"{name}-secrets" in compose["volumes"]
        assert f"{secrets}/{name}" in (ROOT / "Dockerfile").read_text(), "a volume takes its owner"
    assert password_file(Path(secrets), "ledger") == Path(secrets, "ledger", "database_password")


def test_the_console_has_no_database_and_one_key_that_it_shares_with_identity(
    compose: dict[str, Any],
) -> None:
    console, key = compose["services"]["console"], "console-key:/var/lib/wuxian/console"
    assert console["volumes"] == [key]
    sharing = [name for name in PORTS if key in compose["services"][name].get("volumes", ())]
    assert sharing == ["identity", "console"]
    assert "/var/lib/wuxian/console" in (ROOT / "Dockerfile").read_text(), "it takes its owner"
    assert all(name.endswith("_URL") for name in console["environment"])
    assert not any("DATABASE" in name for name in console["environment"])


def test_services_share_one_identity(compose: dict[str, Any]) -> None:
    for name in SERVICES:
        assert "identity:/var/lib/wuxian/identity" in compose["services"][name]["volumes"]
    assert "identity" in compose["volumes"]


def test_the_image_runs_as_somebody_who_is_not_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER wuxian" in lines
    assert lines.index("USER wuxian") < lines.index('ENTRYPOINT ["wuxian"]')
