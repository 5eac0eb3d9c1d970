"""`wuxian verify` on a migrated database: everything holds, and a tampering ends with code 1."""

import json
from pathlib import Path

import asyncpg

from tests.house.conftest import Wuxian


async def test_verify_says_what_holds_and_what_does_not(database_url: str, wuxian: Wuxian) -> None:
    clean = wuxian("verify", "--database-url", database_url, "--json")
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
    broken = wuxian("verify", "--database-url", database_url)
    assert broken.returncode == 1
    assert "grant DELETE to wuxian_collection on trail" in broken.stdout


def test_anchors_that_cannot_be_read_are_refused_in_a_sentence(
    database_url: str, wuxian: Wuxian, tmp_path: Path
) -> None:
    file = tmp_path / "anchors"
    file.write_text("nonsense\n")
    answer = wuxian("verify", "--database-url", database_url, "--anchors", str(file))
    assert answer.returncode == 1
    assert "line 1 is no anchor" in answer.stderr
    assert "Traceback" not in answer.stderr
