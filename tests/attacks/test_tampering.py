"""Everything that a superuser can do to stored rows and rules behind the services' back is named.

Each tampering happens in a transaction that is rolled back afterwards, triggers off where it wants
to stay unseen; `verify` reads inside it.
"""

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.db import Database, sqlalchemy_url
from shared.evidence.anchor import Anchor, read_lines
from shared.evidence.verify import EvidenceVerdict, verify
from shared.evidence.writer import BlockWriter

TRAILED = ("collection", "ledger", "payout")
SERVICES = ("identity", *TRAILED)
PEOPLE = (
    """
    INSERT INTO principal_change (id, kind, principal, content, why, proposed_by, proposed_at,
                                  status, decided_by, decided_at)
    VALUES ('00000000-0000-7000-8000-000000000002', 'add', 'li',
            '{"role": "district_clerk", "district": "heping", "units": null}', 'test', 'wang',
            now(), 'approved', 'zhao', now())
    """,
    """
    INSERT INTO principal (name, folded, kind, display, role, district, created_by, change_id)
    VALUES ('li', 'li', 'person', 'li', 'district_clerk', 'heping', 'test',
            '00000000-0000-7000-8000-000000000002')
    """,
    """
    INSERT INTO client_signing_key (kid, client, algorithm, public_key, thumbprint, valid_from,
                                    registered_by, registered_at)
    VALUES ('2026-1', 'li', 'ed25519', '{}', 'x', now(), 'zhao', now())
    """,
    """
    INSERT INTO credential (id, principal, kind, value, created_by)
    VALUES (gen_random_uuid(), 'li', 'password', 'secret', 'test')
    """,
    """
    INSERT INTO event (id, kind, principal, by)
    SELECT gen_random_uuid(), 'person_added', 'li', 'test'
      FROM generate_series(1, 12)
    """,
    """
    INSERT INTO role_change (id, role, rights, why, proposed_by, proposed_at, status, decided_by)
    VALUES ('00000000-0000-7000-8000-000000000001', 'dashboard', ARRAY['ledger:read'], 'test',
            'li', now(), 'approved', 'wang')
    """,
    """
    INSERT INTO role_rights (role, rights, change_id)
    VALUES ('dashboard', ARRAY['ledger:read'], '00000000-0000-7000-8000-000000000001')
    """,
)
TRAIL = """
    INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role, level, district,
                       why, detail)
    SELECT 7, gen_random_uuid(), 'waiver', gen_random_uuid(), 'approve', true, 'wang ' || number,
           'centre_auditor', 'centre', 'centre', 'reason', '{"a": 1}'
      FROM generate_series(1, 12) AS number
"""
CREDITS = (
    """
    INSERT INTO personal_credit (person_id, fund, kind, period, source, amount_fen, credited_on)
    SELECT number, 'pension', 'contribution', '2021-07', 'bil_1', 100, '2021-08-01'
      FROM generate_series(1, 12) AS number
    """,
    """
    INSERT INTO personal_batch (batch_key, kind, id, period, credited_on, body_hash, recorded_by)
    VALUES (7, 'contribution', 'bil_1', '2021-07', '2021-08-01', 'x', 'collection_service')
    """,
    """
    INSERT INTO personal_batch_fund (batch_key, kind, id, fund, credited_on, people, total_fen)
    VALUES (7, 'contribution', 'bil_1', 'pension', '2021-08-01', 12, 1200)
    """,
    """
    INSERT INTO personal_year (person_id, fund, year, opening_fen, credited_fen, interest_fen,
                               closing_fen)
    VALUES (1, 'pension', 2020, 0, 100, 2, 102)
    """,
)

FILLING = {
    "identity": PEOPLE,
    "collection": (TRAIL,),
    "ledger": (TRAIL, *CREDITS),
    "payout": (TRAIL,),
}

QUIETLY = "SET LOCAL session_replication_role = replica"
"""Triggers off: what a superuser would do first."""

ROWS = {
    "trail": {
        "another person": "UPDATE trail SET person = 'li' WHERE seq = 4",
        "another role": "UPDATE trail SET role = 'district_clerk' WHERE seq = 4",
        "another step": "UPDATE trail SET step = 'refuse' WHERE seq = 4",
        "another reason": "UPDATE trail SET why = NULL WHERE seq = 4",
        "another detail": "UPDATE trail SET detail = '{\"a\": 2}' WHERE seq = 4",
        "another instant": "UPDATE trail SET at = at - interval '1 day' WHERE seq = 4",
        "no signature": "UPDATE trail SET signs = false WHERE seq = 4",
        "another round": "UPDATE trail SET round = 2 WHERE seq = 4",
        "another district": "UPDATE trail SET district = 'heping' WHERE seq = 4",
        "another paper": "UPDATE trail SET paper_id = gen_random_uuid() WHERE seq = 4",
        "one deleted": "DELETE FROM trail WHERE seq = 4",
        "the last deleted": "DELETE FROM trail WHERE seq = 12",
        "all deleted": "DELETE FROM trail",
        "two swapped": """
            UPDATE trail SET person = 'wang ' || (9 - seq) WHERE seq IN (4, 5)
        """,
        "a word moved": "UPDATE trail SET why = 'reaso', district = 'centren' WHERE seq = 4",
        "one put in": """
            INSERT INTO trail (seq, shard_key, id, paper, paper_id, step, signs, person, role,
                               level, district)
            OVERRIDING SYSTEM VALUE
            VALUES (0, 7, gen_random_uuid(), 'waiver', gen_random_uuid(), 'approve', true, 'li',
                    'centre_auditor', 'centre', 'centre')
        """,
    },
    "event": {
        "another person": "UPDATE event SET by = 'wang' WHERE seq = 4",
        "another deed": "UPDATE event SET kind = 'signed_in' WHERE seq = 4",
        "one deleted": "DELETE FROM event WHERE seq = 4",
    },
    "personal_credit": {
        "more money": "UPDATE personal_credit SET amount_fen = 101 WHERE seq = 4",
        "another person": "UPDATE personal_credit SET person_id = 400 WHERE seq = 4",
        "another month": "UPDATE personal_credit SET period = '2021-06' WHERE seq = 4",
        "another day": "UPDATE personal_credit SET credited_on = '2021-08-02' WHERE seq = 4",
        "one deleted": "DELETE FROM personal_credit WHERE seq = 4",
        "two against each other": """
            UPDATE personal_credit SET amount_fen = amount_fen + CASE seq WHEN 4 THEN 1 ELSE -1 END
             WHERE seq IN (4, 5)
        """,
    },
    "personal_batch": {
        "another sender": "UPDATE personal_batch SET recorded_by = 'li'",
        "another content": "UPDATE personal_batch SET body_hash = 'y'",
        "deleted": "DELETE FROM personal_batch",
    },
    "personal_batch_fund": {
        "more money": "UPDATE personal_batch_fund SET total_fen = 1201",
        "more people": "UPDATE personal_batch_fund SET people = 13",
    },
    "personal_year": {
        "more interest": "UPDATE personal_year SET interest_fen = 3, closing_fen = 103",
        "deleted": "DELETE FROM personal_year",
    },
    "row_change": {
        "a change forgotten": "DELETE FROM row_change WHERE seq = 2",
        "a change rewritten": "UPDATE row_change SET by_role = 'li' WHERE seq = 2",
    },
    "catalogue": {
        "rewritten": "UPDATE catalogue SET lines = lines - 0",
        "deleted": "DELETE FROM catalogue",
    },
}
"""Table → what is done to its bound rows."""

OWN = {"personal": "ledger", "event": "identity"}
"""The first word of a table that one service alone has → that service."""

CHAIN = {
    "a block out": "DELETE FROM evidence_block WHERE number = 2",
    "the first block out": "DELETE FROM evidence_block WHERE number = 1",
    "another digest": "UPDATE evidence_block SET digest = sha256('x') WHERE number = 2",
    "another hash": "UPDATE evidence_block SET hash = sha256('x') WHERE number = 2",
    "another count": "UPDATE evidence_block SET rows = rows + 1 WHERE number = 2",
    "another time": "UPDATE evidence_block SET at = at - interval '1 day' WHERE number = 2",
    "another number": "UPDATE evidence_block SET number = 1000 WHERE number = 2",
    "a wider range": "UPDATE evidence_block SET until = until + 5 WHERE number = 2",
}

RULES = {
    ("identity", "principal"): (
        "UPDATE principal SET role = 'centre_leader'",
        "UPDATE principal SET state = 'disabled'",
        "UPDATE principal SET units = ARRAY['91120101MA0000001F']",
    ),
    ("identity", "principal_change"): (
        "UPDATE principal_change SET decided_by = 'qian'",
        'UPDATE principal_change SET content = content || \'{"role": "centre_leader"}\'',
        "DELETE FROM principal_change",
    ),
    ("identity", "client_signing_key"): (
        "UPDATE client_signing_key SET public_key = '{\"x\": 1}'",
        "UPDATE client_signing_key SET valid_until = NULL, revoked_at = NULL, client = 'wang'",
    ),
    ("identity", "role_rights"): (
        "UPDATE role_rights SET rights = rights || ARRAY['settlement:approve']",
        "DELETE FROM role_rights",
    ),
    ("identity", "role_change"): ("UPDATE role_change SET decided_by = 'zhao'",),
    ("identity", "credential"): (
        "UPDATE credential SET value = 'another'",
        "DELETE FROM credential",
    ),
    ("ledger", "chart_account"): (
        "UPDATE chart_account SET floored = false WHERE floored",
        "UPDATE chart_account SET name = 'x' WHERE key = (SELECT min(key) FROM chart_account)",
        "DELETE FROM chart_account WHERE key = (SELECT min(key) FROM chart_account)",
    ),
    ("ledger", "flow_matrix"): (
        "UPDATE flow_matrix SET in_force_to = '2021-01-01'",
        "DELETE FROM flow_matrix WHERE kind = 'payment'",
    ),
    ("ledger", "closing_rule"): (
        "DELETE FROM closing_rule",
        "UPDATE closing_rule SET in_force_to = '2000-01-01'",
    ),
    ("ledger", "fund"): ("UPDATE fund SET name = 'x' WHERE code = 'pension'",),
    ("ledger", "report_line"): ("UPDATE report_line SET name = 'x'",),
    ("ledger", "personal_injection_rule"): (
        "UPDATE personal_injection_rule SET yearly_fen = yearly_fen + 1",
    ),
    ("ledger", "warning_threshold"): ("DELETE FROM warning_threshold",),
    ("collection", "calendar_day"): ("DELETE FROM calendar_day WHERE day = '2021-10-01'",),
    ("collection", "debit_reason"): ("UPDATE debit_reason SET class = class || 'x'",),
    ("payout", "benefit_kind"): (
        "UPDATE benefit_kind SET in_force_to = '2030-01-01'",
        "DELETE FROM benefit_kind WHERE kind = (SELECT min(kind) FROM benefit_kind)",
    ),
}
"""(Service, watched table) → what is done to its rows."""


def schema_attacks(service: str) -> dict[str, tuple[str, str]]:
    """Name → (statement, words of the fault) of attacks on what holds the rules in place."""
    role = f"wuxian_{service}"
    return {
        "a trigger dropped": ("DROP TRIGGER trail_append_only ON trail", "trail_append_only"),
        "a trigger disabled": (
            "ALTER TABLE trail DISABLE TRIGGER trail_append_only",
            "trail_append_only",
        ),
        "all triggers disabled": ("ALTER TABLE row_change DISABLE TRIGGER ALL", "row_change"),
        "a guard that allows": (
            "CREATE OR REPLACE FUNCTION refuse_evidence_change() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NEW; END'",
            "refuse_evidence_change",
        ),
        "a record that is silent": (
            "CREATE OR REPLACE FUNCTION record_change() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'",
            "record_change",
        ),
        "a wider grant": (f"GRANT UPDATE ON trail TO {role}", "grant UPDATE"),
        "a grant on one column": (f"GRANT UPDATE (why) ON trail TO {role}", "trail.why"),
        "a grant to everybody": ("GRANT SELECT ON trail TO PUBLIC", "everybody"),
        "the schema opened": (f"GRANT CREATE ON SCHEMA {service} TO {role}", "on the schema"),
        "four eyes dropped": (
            "ALTER TABLE trail DROP CONSTRAINT trail_one_signature_a_person",
            "one_signature",
        ),
        "a key dropped": ("ALTER TABLE evidence_block DROP CONSTRAINT evidence_block_pkey", "pkey"),
        "a check dropped": (
            "ALTER TABLE row_change DROP CONSTRAINT row_change_operation_check",
            "operation_check",
        ),
        "a value allowed to be missing": (
            "ALTER TABLE trail ALTER COLUMN person DROP NOT NULL",
            "trail.person",
        ),
        "a column put in": ("ALTER TABLE trail ADD COLUMN hidden text", "trail.hidden"),
        "a rule that swallows": (
            "CREATE RULE swallow AS ON INSERT TO row_change DO INSTEAD NOTHING",
            "swallow",
        ),
        "a table put in": ("CREATE TABLE shadow (id bigint)", "shadow"),
        "row security": ("ALTER TABLE trail ENABLE ROW LEVEL SECURITY", "trail rowsecurity"),
        "a second trigger": (
            "CREATE TRIGGER forward AFTER INSERT ON trail FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "forward",
        ),
    }


def cases() -> Iterator[Any]:
    for service in SERVICES:
        for table, done in ROWS.items():
            if service != OWN.get(table.split("_")[0], service):
                continue
            if table == "trail" and service not in TRAILED:
                continue
            for name, statement in done.items():
                yield pytest.param(service, statement, table, id=f"{service}-{table}-{name}")
        for name, statement in CHAIN.items():
            yield pytest.param(service, statement, "block", id=f"{service}-chain-{name}")
    for (service, table), statements in RULES.items():
        for number, statement in enumerate(statements, 1):
            yield pytest.param(service, statement, table, id=f"{service}-{table}-{number}")


@pytest.fixture(scope="module")
async def engines(database_url: str) -> AsyncIterator[dict[str, AsyncEngine]]:
    """A superuser's connections, by the schema that they look into; all rows are bound."""
    made = {}
    for service in SERVICES:
        db = Database(database_url, service)
        async with db.transaction() as tx:
            for statement in FILLING[service]:
                await tx.exec_driver_sql(statement)
        assert await BlockWriter(db, streams_of(service)).step() > 2
        await db.close()
        path = {"server_settings": {"search_path": f"{service},public"}}
        made[service] = create_async_engine(sqlalchemy_url(database_url), connect_args=path)
    yield made
    for engine in made.values():
        await engine.dispose()


def streams_of(service: str) -> Any:
    return import_module(f"services.{service}.common.evidence").STREAMS


async def verdict_after(
    engine: AsyncEngine, service: str, *statements: str, **more: Any
) -> EvidenceVerdict:
    """Verify after these statements of a superuser, which are then taken back."""
    async with engine.connect() as tx:
        for statement in statements:
            await run(tx, statement)
        verdict = await verify(tx, service, streams_of(service), **more)
        await tx.rollback()
    return verdict


async def run(tx: AsyncConnection, statement: str) -> None:
    done = await tx.exec_driver_sql(statement)
    if statement.lstrip().startswith(("UPDATE", "DELETE", "INSERT")):
        assert done.rowcount, "an attack that changes nothing shows nothing"


@pytest.mark.parametrize("service", SERVICES)
async def test_without_tampering_everything_holds(
    engines: dict[str, AsyncEngine], service: str
) -> None:
    verdict = await verdict_after(engines[service], service)
    assert verdict.faults == []
    assert verdict.rows > 12
    assert verdict.not_bound == 0


@pytest.mark.parametrize(("service", "statement", "named"), list(cases()))
async def test_changed_rows_are_named(
    engines: dict[str, AsyncEngine], service: str, statement: str, named: str
) -> None:
    verdict = await verdict_after(engines[service], service, QUIETLY, statement)
    assert any(named in fault for fault in verdict.faults), verdict.faults


@pytest.mark.parametrize("service", TRAILED)
@pytest.mark.parametrize("name", list(schema_attacks("")))
async def test_weakened_rules_are_named(
    engines: dict[str, AsyncEngine], service: str, name: str
) -> None:
    statement, words = schema_attacks(service)[name]
    verdict = await verdict_after(engines[service], service, statement)
    assert any(words in fault for fault in verdict.faults), verdict.faults


async def test_a_change_in_the_open_by_nobody_of_ours_is_named(
    engines: dict[str, AsyncEngine],
) -> None:
    statement = "UPDATE chart_account SET name = 'x' WHERE key = 'fund_balance'"
    async with engines["ledger"].connect() as tx:
        key = await tx.scalar(text("SELECT min(key) FROM chart_account"))
    verdict = await verdict_after(
        engines["ledger"], "ledger", statement.replace("fund_balance", key)
    )
    assert any(key in fault and "no service" in fault for fault in verdict.faults)


async def test_a_forged_chain_does_not_pass_through_an_anchor(
    engines: dict[str, AsyncEngine],
) -> None:
    async with engines["payout"].connect() as tx:
        row = (
            await tx.execute(text("SELECT number, hash FROM evidence_block WHERE number = 2"))
        ).one()
    anchor = Anchor("payout", row.number, row.hash.hex(), "2021-08-01T00:00:00+00:00")
    kept = read_lines([anchor.line()], "payout")
    clean = await verdict_after(engines["payout"], "payout", anchors=kept)
    assert clean.faults == []
    cut = await verdict_after(
        engines["payout"],
        "payout",
        QUIETLY,
        "DELETE FROM evidence_block",
        "DELETE FROM trail WHERE seq > 3",
        anchors=kept,
    )
    assert "block 2 is not the one that was kept outside" in cut.faults
