"""The page of the first month: its commands, in order, take an empty installation to a closed month."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.support.installation import free_port

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]

DOCS = Path(__file__).parents[2] / "docs"
SERVICES = ("collection", "ledger", "payout", "identity", "console")
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str) -> list[str]:
    return _BLOCK.findall((DOCS / page).read_text("utf-8"))


def test_both_languages_have_the_same_commands() -> None:
    assert blocks("first-month.md") == blocks("first-month.zh-CN.md")


@pytest.mark.parametrize("page", ["first-month.md", "first-month.zh-CN.md"])
def test_the_console_has_the_pages_that_are_named(page: str) -> None:
    table = (DOCS / page).read_text("utf-8").rpartition("127.0.0.1:8004")[2]
    named = re.findall(r"`(/[a-z-]+)`", table)
    sources = (DOCS.parent / "services/console/pages").rglob("*.py")
    text = "".join(path.read_text("utf-8") for path in sources)
    assert len(named) > 10
    assert [one for one in named if f'"{one}"' not in text] == []


def bare_python_in(work: Path) -> Path:
    """Write a `python3` that starts at once, for the hundreds of members that the page reads."""
    programs = work / "programs"
    programs.mkdir()
    base = getattr(sys, "_base_executable", sys.executable)
    (programs / "python3").write_text(f'#!/bin/sh\nexec "{base}" -IS "$@"\n')
    (programs / "python3").chmod(0o755)
    return programs


def test_the_commands_close_a_month(run_home: Path) -> None:
    work = run_home / "first-month"
    work.mkdir(mode=0o755)  # the database server's own account has to enter
    commands = "".join(blocks("first-month.md"))
    environment = {key: value for key, value in os.environ.items() if key[:7] != "WUXIAN_"}
    environment |= {f"WUXIAN_{name.upper()}_PORT": str(free_port()) for name in SERVICES}
    programs = (bare_python_in(work), Path(sys.executable).parent, environment["PATH"])
    environment["PATH"] = ":".join(map(str, programs))
    guard = "set -euo pipefail\ntrap 'code=$?; kill $! 2>/dev/null || true; exit $code' EXIT\n"
    with (work / "stderr").open("w+") as errors:
        done = subprocess.run(
            ["bash", "-c", guard + commands],
            env=environment,
            cwd=work,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            timeout=300,
            check=False,
        )
        errors.seek(0)
        assert done.returncode == 0, errors.read()[-2000:] + done.stdout[-2000:]
    assert "closed until 2026-08-31" in done.stdout
    balances = done.stdout.rpartition('"as_of":"2026-08-31"')[2]
    assert '"expenditure_deposit":"139.50"' in balances  # 3,000.00 less one pension of 2,860.50
    assert '"memo_receivable":"0.00"' in balances
