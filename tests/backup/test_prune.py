"""Old backups go by a rule; the newest whole one stays whatever the rule says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.backup.manifest import DUMP, NAME, BackupError, BackupFile, Manifest
from services.backup.prune import KeepRule, examine, plan, remove
from services.backup.take import name_at
from services.cli.root import app

TODAY = datetime(2026, 11, 30, 2, tzinfo=UTC)


def put(place: Path, moment: datetime, content: bytes = b"sealed") -> str:
    """Put a backup of one file into a directory."""
    directory = place / name_at(moment)
    directory.mkdir(parents=True)
    (directory / DUMP).write_bytes(content)
    file = BackupFile(DUMP, len(content), hashlib.sha256(content).hexdigest())
    manifest = Manifest(moment.isoformat(), "0", "18", "", {}, {}, [], [file])
    (directory / NAME).write_text(json.dumps(asdict(manifest)))
    return directory.name


def daily(place: Path, days: int) -> list[str]:
    """Put a backup of each of the last days; names, newest first."""
    return [put(place, TODAY - timedelta(day)) for day in range(days)]


def names(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()}


def test_the_newest_of_each_day_week_and_month_stays(tmp_path: Path) -> None:
    made = daily(tmp_path, 100)
    twice = put(tmp_path, TODAY - timedelta(hours=1))
    lines = examine(str(tmp_path), KeepRule(daily=3, weekly=2, monthly=4), lambda _: None)
    kept = {line.name: line.reasons for line in lines if line.reasons}
    assert set(kept) == {made[0], made[1], made[2], made[30], made[61]} | {
        name_at(datetime(2026, 8, 31, 2, tzinfo=UTC))
    }
    # 2026-11-30 is a Monday: the week before ends with the 29th.
    assert kept[made[0]] == (
        "newest whole",
        "daily 2026-11-30",
        "weekly 2026-W49",
        "monthly 2026-11",
    )
    assert kept[made[1]] == ("daily 2026-11-29", "weekly 2026-W48")
    assert twice not in kept


def test_a_damaged_newest_backup_does_not_cost_the_newest_whole_one(tmp_path: Path) -> None:
    made = daily(tmp_path, 5)
    for name in made[:2]:
        (tmp_path / name / DUMP).write_bytes(b"changed")
    (tmp_path / made[2] / DUMP).unlink()
    lines = examine(str(tmp_path), KeepRule(1, 0, 0), lambda _: None)
    assert {line.name for line in lines if line.reasons} == {made[0], made[3]}


def test_where_no_backup_is_whole_none_goes(tmp_path: Path) -> None:
    for name in daily(tmp_path, 3):
        (tmp_path / name / DUMP).write_bytes(b"changed")
    with pytest.raises(BackupError, match="nothing is removed"):
        examine(str(tmp_path), KeepRule(1, 1, 1), lambda _: None)


@given(
    st.sets(st.integers(0, 3000), min_size=1, max_size=60),
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
)
def test_the_rule_keeps_no_more_than_it_says_and_never_loses_the_whole_one(
    hours: set[int], keep: tuple[int, int, int]
) -> None:
    found = [name_at(TODAY - timedelta(hours=one)) for one in hours]
    whole = sorted(found)[len(found) // 2]
    lines = plan(found, KeepRule(*keep), whole)
    kept = [line.name for line in lines if line.reasons]
    assert whole in kept
    assert len(kept) <= sum(keep) + 1
    if any(keep):
        assert max(found) in kept
    assert {line.name for line in lines} == set(found)


@pytest.mark.parametrize("is_store", [False, True], ids=["directory", "store"])
def test_the_command_shows_first_and_removes_with_yes(tmp_path: Path, is_store: bool) -> None:
    if is_store:
        pytest.importorskip("obstore")
    made = daily(tmp_path, 4)
    (tmp_path / "wuxian-notes").mkdir()
    place = f"file://{tmp_path}" if is_store else str(tmp_path)
    words = ["backup", "prune", place, "--keep-daily", "2", "--keep-weekly", "0"]
    words += ["--keep-monthly", "0", "--json"]
    shown = CliRunner().invoke(app, words)
    assert json.loads(shown.stdout)["would_remove"] == {place: made[2:]}
    assert names(tmp_path) >= set(made)
    done = CliRunner().invoke(app, [*words, "--yes"])
    assert json.loads(done.stdout)["removed"] == {place: made[2:]}
    left = {path.parent.name for path in tmp_path.glob("*/*")}
    assert left == set(made[:2])


def test_a_backup_that_goes_is_none_from_the_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = daily(tmp_path, 1)

    def fails(_: Path) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("services.backup.prune.shutil.rmtree", fails)
    with pytest.raises(OSError, match="the disk is gone"):
        remove(str(tmp_path), name)
    with pytest.raises(BackupError):
        examine(str(tmp_path), KeepRule(1, 1, 1), lambda _: None)
