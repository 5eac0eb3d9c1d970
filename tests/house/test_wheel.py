"""The built wheel: whole, ours alone by its import names, and able to migrate."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    (built,) = directory.glob("*.whl")
    return built


def test_everything_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for kept in (
        "shared/__init__.py",
        "services/__init__.py",
        "services/py.typed",
        "services/_migrations/env.py",
    ):
        assert kept in names
    data = [path for path in (ROOT / "services").rglob("*") if path.suffix in {".json", ".csv"}]
    assert data
    for path in data:
        assert path.relative_to(ROOT).as_posix() in names
    for path in (ROOT / "migrations").rglob("*.py"):
        assert f"services/_migrations/{path.relative_to(ROOT / 'migrations').as_posix()}" in names
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"services", "shared"}


INSTALLED = """
import json
from importlib.metadata import packages_distributions
import services, shared
from services.migrate import directory, _scripts
owners = packages_distributions()
print(json.dumps({
    "owners": sorted({*owners["services"], *owners["shared"]}),
    "file": services.__file__,
    "migrations": str(directory()),
    "heads": [_scripts(name).get_heads() for name in ("identity", "collection", "ledger", "payout")],
}))
"""


def test_installed_it_owns_its_names_and_finds_its_migrations(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "site-packages"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-index",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
            str(place),
            str(wheel),
        ],
        check=True,
    )
    # A stranger's package of the same name in the working directory must not be found first.
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "__init__.py").write_text("raise SystemExit('a stranger')")
    done = subprocess.run(
        [sys.executable, "-P", "-c", INSTALLED],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(place)},
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert found["owners"] == ["wuxian"]
    assert found["file"] == str(place / "services" / "__init__.py")
    assert found["migrations"] == str(place / "services" / "_migrations")
    assert all(len(heads) == 1 for heads in found["heads"])
