"""Two months of the demo on an operator's Citus: all three services distributed, every proof."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.demo import house, main
from services.demo.stage import Stage
from services.distribution.apply import distribute
from shared.process.settings import Settings
from tests.coordinator import CITUS_URL

pytestmark = [
    pytest.mark.story,
    pytest.mark.skipif(CITUS_URL not in os.environ, reason=f"{CITUS_URL} names no Citus"),
]


async def test_a_distributed_city_ends_with_every_proof(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def distributed(_: str) -> str:
        return database_url

    monkeypatch.setattr(house, "_fresh_database", distributed)
    settings = Settings(home=tmp_path, admin_database_url=database_url)
    report = await main.play(settings, Stage(), small=True)
    assert [proof for proof in report.proofs if not proof.ok] == []
    assert report.ok
    again = await distribute(database_url, dry_run=True)
    assert [one.statements for one in again.plans] == [(), (), ()]
