"""`wuxian distribute` as an operator types it."""

from __future__ import annotations

import asyncio
import json

import pytest
from typer.testing import CliRunner

from services.cli.distribute import NOT_CITUS
from services.cli.root import app
from shared.process.settings import settings


async def _typed(monkeypatch: pytest.MonkeyPatch, url: str, *words: str) -> tuple[int, str]:
    monkeypatch.setenv("WUXIAN_ADMIN_DATABASE_URL", url)
    found = await asyncio.to_thread(CliRunner().invoke, app, ["distribute", *words])
    settings.cache_clear()
    return found.exit_code, found.stdout


async def test_without_citus_a_sentence_and_success(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    code, text = await _typed(monkeypatch, database_url)
    assert (code, text.strip()) == (0, NOT_CITUS)


async def test_a_dry_run_prints_the_plan_of_one_service(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    code, text = await _typed(monkeypatch, database_url, "payout", "--dry-run", "--shards", "16")
    assert code == 0
    assert "create_distributed_table('payout.claim', 'claim_key'" in text
    assert "shard_count => 16" in text
    assert NOT_CITUS in text
    code, text = await _typed(monkeypatch, database_url, "payout", "--dry-run", "--json")
    report = json.loads(text)
    assert (code, report["citus"], report["done"]) == (0, False, False)
    assert list(report["services"]) == ["payout"]
    assert report["services"]["payout"]["places"]["lease"] == "coordinator"


async def test_the_tables_of_identity_stay_at_the_coordinator(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    code, text = await _typed(monkeypatch, database_url, "identity")
    assert (code, text) == (2, "")
