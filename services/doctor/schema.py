"""Checks inside a service's schema: clock, privileges, rules in place, keys, outbox, anchors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import orjson
from sqlalchemy import text

from services.doctor.finding import Finding
from shared import clock
from shared.db import SERVICES, Database, role_of
from shared.evidence import store as evidence_store
from shared.evidence.anchor import PAUSE_SECONDS
from shared.evidence.block import Block
from shared.process.settings import Settings
from shared.security import key_check
from shared.security.identity import Identity
from shared.web.readiness import OK, look_at_outbox

CLOCKS_APART: Final = timedelta(seconds=5)
UNANCHORED_FOR: Final = timedelta(seconds=3 * PAUSE_SECONDS)
SENDERS: Final = ("collection", "payout")
"""Services with an outbox."""
SEALED: Final = ("collection", "ledger", "payout")
"""Services whose data the keys of the identity directory seal."""

_POWERS: Final = """
SELECT array_remove(ARRAY[
           CASE WHEN rolsuper THEN 'is a superuser' END,
           CASE WHEN rolcreaterole THEN 'may create roles' END,
           CASE WHEN rolcreatedb THEN 'may create databases' END,
           CASE WHEN rolbypassrls THEN 'bypasses row security' END,
           CASE WHEN rolreplication THEN 'may replicate' END
       ], NULL)
       || ARRAY(SELECT 'may act as ' || other.rolname
                  FROM pg_roles AS other
                 WHERE other.rolname <> mine.rolname AND pg_has_role(mine.oid, other.oid, 'MEMBER'))
       || ARRAY(SELECT 'may enter the schema ' || nspname
                  FROM pg_namespace
                 WHERE nspname = ANY (CAST(:others AS text[]))
                   AND has_schema_privilege(mine.oid, pg_namespace.oid, 'USAGE'))
       || ARRAY(SELECT 'may create in the schema ' || nspname
                  FROM pg_namespace
                 WHERE nspname IN (:schema, 'public')
                   AND has_schema_privilege(mine.oid, pg_namespace.oid, 'CREATE'))
  FROM pg_roles AS mine
 WHERE rolname = :role
"""


async def check(settings: Settings, url: str, service: str) -> AsyncIterator[Finding]:
    """Check a service's schema, which stands at the newest revision; nothing is written.

    Args:
        url: the administrator's address, or the service's own.
    """
    db = Database(url, service, pool_size=1)
    checks: list[tuple[str, Callable[[], Awaitable[Finding]]]] = [
        ("clock", lambda: _clock(db)),
        ("privileges", lambda: _privileges(db)),
        ("rules", lambda: _rules(db)),
        ("anchors", lambda: _anchors(db, settings)),
    ]
    if service in SEALED:
        checks.append(("keys", lambda: _keys(db, settings)))
    if service in SENDERS:
        checks.append(("outbox", lambda: _outbox(db)))
    try:
        for name, one in checks:
            try:
                yield await one()
            except Exception as error:  # the other checks go on
                said = f"{type(error).__name__}: {error}"[:500]
                yield Finding(f"{name} {service}", False, said, "see the sentence above")
    finally:
        await db.close()


async def _clock(db: Database) -> Finding:
    async with db.transaction() as tx:
        theirs: datetime = (await tx.execute(text("SELECT clock_timestamp()"))).scalar_one()
    apart = abs(theirs - clock.now())
    return Finding(
        f"clock {db.service}",
        apart <= CLOCKS_APART,
        f"{apart.total_seconds():.1f} s between this machine and the database",
        "let both machines follow one time server (chrony)",
    )


async def _privileges(db: Database) -> Finding:
    values = {
        "role": role_of(db.service),
        "schema": db.service,
        "others": [one for one in SERVICES if one != db.service],
    }
    async with db.transaction() as tx:
        powers: list[str] = (await tx.execute(text(_POWERS), values)).scalar_one()
    said = f"{role_of(db.service)} " + (" and ".join(powers) if powers else "has its schema only")
    do = "take it away again (docs/operations.md, who can do what)"
    return Finding(f"privileges {db.service}", not powers, said, do)


async def _rules(db: Database) -> Finding:
    """Compare triggers, constraints and grants with those of the last migration."""
    async with db.transaction() as tx:
        kept = set(await evidence_store.catalogue_kept(tx))
        now = set(await evidence_store.catalogue_now(tx, db.service))
    changed = sorted(kept ^ now)
    said = f"{len(changed)} differ: {changed[0]}" if changed else "as the last migration left them"
    do = f"run `wuxian verify {db.service}`; it names each"
    return Finding(f"rules {db.service}", not changed, said[:300], do)


async def _keys(db: Database, settings: Settings) -> Finding:
    name = f"keys {db.service}"
    if not (settings.identity_path / "pepper").exists():
        return Finding(name, True, "not made yet")
    identity = Identity.load(settings.identity_path, settings.field_keys_of(db.service))
    async with db.transaction() as tx:
        said = await key_check.looked_at(tx, identity)
    return Finding(name, said == key_check.READY, said, "see the sentence above")


async def _outbox(db: Database) -> Finding:
    said = (await look_at_outbox(db))["outbox"]
    do = "run `wuxian refused`; see whether the ledger runs"
    return Finding(f"outbox {db.service}", said == OK, said, do)


async def _anchors(db: Database, settings: Settings) -> Finding:
    name = f"anchors {db.service}"
    if settings.anchor_file is None:
        where = settings.anchor_url
        said = f"sent to {where}" if where else "none are kept outside (WUXIAN_ANCHOR_FILE)"
        return Finding(name, True, said)
    async with db.transaction() as tx:
        head = await evidence_store.head(tx)
    return judged(name, head, newest_anchor(settings.anchor_file, db.service), clock.now())


def newest_anchor(path: Path, service: str) -> int:
    """Return the number of a service's newest block in a file of anchors; 0 without one."""
    if not path.exists():
        return 0
    lines = (orjson.loads(line) for line in path.read_bytes().splitlines())
    return max((int(one["number"]) for one in lines if one["service"] == service), default=0)


def judged(name: str, head: Block | None, anchored: int, now: datetime) -> Finding:
    """Judge whether the head of a chain is anchored, or too young to be."""
    do = "see whether the service runs and may write WUXIAN_ANCHOR_FILE"
    if head is None:
        return Finding(name, True, "no block yet")
    age = now - head.at.astimezone(UTC)
    if anchored > head.number:
        said = f"block {anchored} is anchored, but the chain ends at {head.number}"
        return Finding(name, False, said, "blocks are gone: run `wuxian verify`")
    if anchored == head.number or age <= UNANCHORED_FOR:
        return Finding(name, True, f"block {anchored} of {head.number} is anchored")
    said = f"block {head.number} of {head.at:%Y-%m-%d %H:%M} is not anchored"
    return Finding(name, False, said, do)
