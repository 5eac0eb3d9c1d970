"""`wuxian doctor` names every fault of an installation, and what to do about it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trustme

from services.doctor import certificates
from services.doctor.schema import judged, newest_anchor
from shared.evidence.block import Block
from shared.process.settings import Settings
from tests.house.conftest import Wuxian

NOW = datetime(2026, 11, 30, tzinfo=UTC)
Findings = dict[str, dict[str, Any]]


@pytest.fixture
def examined(wuxian: Wuxian, each_database_url: str) -> Callable[..., Findings]:
    """examined(**settings) → check → finding, of a migrated database."""
    assert wuxian("migrate", "--database-url", each_database_url).returncode == 0

    def run(**settings: str) -> Findings:
        done = wuxian("doctor", "--json", "--database-url", each_database_url, **settings)
        return {one["check"]: one for one in json.loads(done.stdout)["findings"]}

    return run


@pytest.mark.story
@pytest.mark.usefixtures("prepared_python")
async def test_each_fault_in_the_database_is_named(
    examined: Callable[..., Findings], each_database_url: str, tmp_path: Path
) -> None:
    anchors = tmp_path / "anchors"
    line = {"service": "ledger", "number": 9, "hash": "00", "at": NOW.isoformat()}
    anchors.write_text(json.dumps(line) + "\n")
    whole = examined(WUXIAN_ANCHOR_FILE=str(anchors))
    names = {name.split()[0] for name in whole}
    assert {"disk", "schema", "clock", "privileges", "rules", "keys", "outbox", "anchors"} <= names
    assert {"tls", "port", "backup", "identity"} <= names
    bad = {name for name, one in whole.items() if not one["ok"] and "port" not in name}
    assert bad <= {"database durability"}  # the tests' server does not wait for its disk

    db = await asyncpg.connect(each_database_url)
    try:
        await db.execute("""
            GRANT USAGE ON SCHEMA ledger TO wuxian_collection;
            INSERT INTO collection.outbox (shard_key, id, payload)
            VALUES (1, '01600000-0000-7000-8000-000000000000', '{}');
            INSERT INTO payout.outbox (shard_key, id, payload, refused)
            VALUES (1, gen_random_uuid(), '{}', 'NO');
            INSERT INTO ledger.key_fingerprint (name, fingerprint)
            VALUES ('pepper', '\\x00'), ('field_key', '\\x00')
                ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint;
            ALTER TABLE identity.event DISABLE TRIGGER event_is_final;
        """)
    finally:
        await db.close()
    found = {name: one for name, one in examined().items() if not one["ok"]}
    said = {
        "privileges collection": "may enter the schema ledger",
        "outbox collection": "the oldest message waits",
        "outbox payout": "1 messages refused",
        "rules identity": "event_is_final",
        "rules ledger": "wuxian_collection",
    }
    for name, words in said.items():
        assert words in found[name]["found"], found[name]
        assert found[name]["do"]


@pytest.mark.parametrize(
    ("days", "ok", "words"),
    [(400, True, "in 400 days"), (20, False, "in 20 days"), (-1, False, "ends on 2026-11-29")],
)
def test_a_certificate_that_ends_soon_is_named(
    tmp_path: Path, days: int, ok: bool, words: str
) -> None:
    authority = trustme.CA()
    made = authority.issue_cert(
        "wuxian.test", not_before=NOW - timedelta(days=50), not_after=NOW + timedelta(days=days)
    )
    path = tmp_path / "tls.pem"
    path.write_bytes(made.cert_chain_pems[0].bytes())
    (found,) = certificates.check(Settings(tls_cert=path), NOW)
    assert (found.check, found.ok) == ("tls_cert", ok)
    assert words in found.found


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tls.pem"
    path.write_text("x")
    (found,) = certificates.check(Settings(tls_cert=path), NOW)
    assert not found.ok
    assert "WUXIAN_TLS_CERT" in found.do


@pytest.mark.parametrize(
    ("anchored", "age", "ok"),
    [
        (7, timedelta(days=3), True),
        (6, timedelta(minutes=5), True),
        (6, timedelta(hours=1), False),
        (8, timedelta(minutes=1), False),
    ],
)
def test_a_head_that_nobody_anchored_is_named(anchored: int, age: timedelta, ok: bool) -> None:
    head = Block(
        number=7,
        stream="event",
        after=0,
        until=1,
        rows=1,
        digest=b"",
        previous=b"",
        at=NOW - age,
    )
    assert judged("anchors ledger", head, anchored, NOW).ok is ok


def test_the_newest_anchor_of_a_service_is_found(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    assert newest_anchor(path, "ledger") == 0
    rows = [{"service": "ledger", "number": 2}, {"service": "payout", "number": 5}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert newest_anchor(path, "ledger") == 2
