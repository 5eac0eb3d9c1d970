"""The files for an operator's own tools name only what exists: metrics, commands, alert remedies."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import REGISTRY

import services.collection.app
import services.identity.app
import services.ledger.app
import services.payout.app  # noqa: F401 - they make every metric there is

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "wuxian.json").read_text())


def known_names() -> set[str]:
    """Return every sample name that the services may expose."""
    names = set()
    for family in REGISTRY.collect():
        names |= {family.name + end for end in ("", "_total", "_bucket", "_sum", "_count")}
    return names


def named_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:wuxian|process)_[a-z_]+", expression))


def test_alerts_and_dashboard_name_metrics_that_exist() -> None:
    expressions = [rule["expr"] for rule in RULES]
    expressions += [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    named = set().union(*map(named_in, expressions))
    assert len(named) > 8
    assert named <= known_names()


def test_every_alert_has_its_paragraph_of_what_to_do() -> None:
    page = (DEPLOY.parent / "docs" / "operations.md").read_text()
    assert [rule["alert"] for rule in RULES if f"`{rule['alert']}`" not in page] == []


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_units_start_commands_that_exist() -> None:
    unit = (DEPLOY / "systemd" / "wuxian@.service").read_text()
    assert "ExecStart=/opt/wuxian/.venv/bin/wuxian serve %i --no-migrate" in unit
    target = (DEPLOY / "systemd" / "wuxian.target").read_text()
    from services.cli.common import SERVICES

    assert set(re.findall(r"wuxian@([a-z]+)\.service", target)) == {*SERVICES, "console"}
