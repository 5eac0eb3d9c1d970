"""The log of the database: the installation is restored as it stood at one moment."""

import asyncio
import json
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from services.embedded import EmbeddedPostgres
from services.embedded.guard import python_command, python_environment
from shared.security.identity import create
from tests.conftest import give_server
from tests.house.conftest import until

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]


def environment(home: Path) -> dict[str, str]:
    return python_environment() | {
        "WUXIAN_HOME": str(home),
        "WUXIAN_BACKUP_PASSPHRASE_FILE": str(home.parent / "passphrase"),
    }


def wuxian(home: Path, *words: str) -> str:
    said = subprocess.run(
        python_command("services.cli", *words),
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-3000:]
    return said.stdout


def on(home: Path, statement: str) -> list[str]:
    async def run() -> list[str]:
        connection = await asyncpg.connect(EmbeddedPostgres(home).url)
        try:
            return [str(row[0]) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_what_came_after_the_moment_is_not_there_and_all_before_it_is(
    run_home: Path, migrated_home: Path
) -> None:
    place = run_home / f"moment-{uuid4().hex[:6]}"
    first, second, archive = place / "first", place / "second", place / "archive"
    place.mkdir()
    (place / "passphrase").write_text("correct horse battery staple")
    try:
        give_server(first, migrated_home)
        wuxian(first, "migrate")  # it gives the roles their passwords
        wuxian(first, "db", "start")
        create(first / "identity")
        on(first, "CREATE TABLE public.marker (n text)")
        keeper = subprocess.Popen(
            python_command("services.cli", "backup", str(archive), "--wal"),
            env=environment(first),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert until(lambda: any(archive.glob("base-*/manifest.json")), 90)
        on(first, "INSERT INTO public.marker VALUES ('before')")
        moment = datetime.now(UTC)
        on(first, "SELECT pg_sleep(0.5)")
        on(first, "INSERT INTO public.marker VALUES ('after')")
        on(first, "SELECT pg_switch_wal()")
        segment = on(first, "SELECT pg_walfile_name(pg_current_wal_lsn() - 1)")[0]
        assert until(lambda: (archive / "wal" / f"{segment}.sealed").exists(), 60)
        keeper.send_signal(signal.SIGTERM)
        said, _ = keeper.communicate(timeout=60)
        assert keeper.returncode == 0, said
        EmbeddedPostgres(first).destroy()

        words = ("restore", str(archive), "--home", str(second), "--json")
        restored = json.loads(wuxian(second, *words, "--until", moment.isoformat()))
        assert restored["verified"]
        wuxian(second, "db", "start")
        assert on(second, "SELECT n FROM public.marker") == ["before"]
        assert (second / "identity" / "pepper").exists()
        for file in (archive / "wal").glob("*.sealed"):
            assert b"before" not in file.read_bytes()
    finally:
        for home in (first, second):
            EmbeddedPostgres(home).destroy()
