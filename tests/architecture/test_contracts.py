"""The import contracts hold: an import that breaks one is refused, tried in a copy of the source."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

PLANTS = {
    "subjects of collection stand in one order": ("collection/levy", "collection.billing.flows"),
    "subjects of the ledger stand in one order": ("ledger/posting", "ledger.reports.flows"),
    "subjects of payout stand in one order": ("payout/claims", "payout.payments.flows"),
    "a domain knows no other room, of any subject": (
        "collection/billing/domain",
        "collection.billing.store",
    ),
    "services never import each other": ("payout/benefits", "ledger.posting.domain"),
}
"""For each contract: the folder of a new module, and the package that it must not import."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("house")
    for name in ("services", "shared"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", to)
    return to


def lint(where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-logo", "--cache-dir", where / "cache"],
        cwd=where,
        env={"PYTHONPATH": str(where), "PATH": "/usr/bin:/bin", "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def result(copy: Path) -> subprocess.CompletedProcess[str]:
    """The answer of lint-imports with every plant in its place."""
    plants = [copy / "services" / folder / "planted.py" for folder, _ in PLANTS.values()]
    for plant, (_, package) in zip(plants, PLANTS.values(), strict=True):
        plant.write_text(f"import services.{package}\n")
    try:
        return lint(copy)
    finally:
        for plant in plants:
            plant.unlink()


@pytest.mark.parametrize("contract", PLANTS)
def test_a_planted_import_is_refused(
    contract: str, result: subprocess.CompletedProcess[str]
) -> None:
    folder, _ = PLANTS[contract]
    assert result.returncode != 0, result.stdout
    assert f"{contract} BROKEN" in result.stdout
    assert f"services.{folder.replace('/', '.')}.planted" in result.stdout


def test_the_source_breaks_none(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


def test_no_import_is_excepted() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert [one["name"] for one in contracts["contracts"] if "ignore_imports" in one] == []
