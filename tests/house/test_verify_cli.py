"""`wuxian verify` on a migrated database: everything holds, and a tampering ends with code 1."""

import json
import subprocess
import sys
from pathlib import Path

import asyncpg


def run(database_url: str, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "verify", "--database-url", database_url, *words],
        capture_output=True,
        text=True,
        env={"WUXIAN_HOME": str(home), "PATH": ""},
        cwd=Path(__file__).parents[2],
        check=False,
    )


async def test_verify_says_what_holds_and_what_does_not(database_url: str, tmp_path: Path) -> None:
    clean = run(database_url, tmp_path, "--json")
    assert clean.returncode == 0, clean.stderr
    found = json.loads(clean.stdout)
    assert found["ok"] is True
    assert [one["service"] for one in found["evidence"]] == [
        "identity",
        "collection",
        "ledger",
        "payout",
    ]
    connection = await asyncpg.connect(database_url)
    await connection.execute("GRANT DELETE ON collection.trail TO wuxian_collection")
    await connection.close()
    broken = run(database_url, tmp_path)
    assert broken.returncode == 1
    assert "grant DELETE to wuxian_collection on trail" in broken.stdout


def test_anchors_that_cannot_be_read_are_refused_in_a_sentence(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "anchors"
    file.write_text("nonsense\n")
    answer = run(database_url, tmp_path, "--anchors", str(file))
    assert answer.returncode == 1
    assert "line 1 is no anchor" in answer.stderr
    assert "Traceback" not in answer.stderr
