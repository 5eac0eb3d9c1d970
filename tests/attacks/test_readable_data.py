"""No name, identity number or account lies readable in a table or a log, or is shown without the right.

A story of markers is played; then every column of every schema is searched, and every GET is asked as
every role. What may show a marker is listed here, each with its reason.
"""

import re
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.collection.app import build as collection_app
from services.database.field_keys import SERVICES
from services.payout.app import CLIENT_ID
from services.payout.app import build as payout_app
from services.payout.common.clients import CollectionClient
from services.payout.payments.clients import LedgerClient
from shared.db import asyncpg_dsn
from shared.roles import CENTRE, Level, Role
from shared.web.client import Peer
from shared.web.openapi import operations
from tests.attacks.support import marked
from tests.attacks.support.marked import Story
from tests.collection.support.office import Office as CollectionOffice
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.payout.support.office import Office as PayoutOffice
from tests.payout.support.office import connect_ledger
from tests.payout.support.peers import PeerStub

READABLE: dict[str, str] = {}
"""schema.table.column → why a marker may lie readable in it."""

SHOWN = {
    ("list_payment_lines", Role.BANK_GATEWAY): "the bank pays to the account",
    ("get_payment_file", Role.BANK_GATEWAY): "the bank pays to the account",
}
"""(operation, role) → why a marker may be shown without a reading in the trail."""

READ_BY_RIGHT = {"read_claim_payees", "read_corrected_account", "read_entitlement_change_accounts"}
"""Operations that need `personal_data:read` and leave a row in the trail."""

FILLED = (
    "collection.person",
    "collection.enrolment",
    "collection.register_change",
    "collection.person_correction",
    "collection.operation_report",
    "collection.idempotency",
    "collection.trail",
    "collection.row_change",
    "payout.entitlement",
    "payout.entitlement_end",
    "payout.claim_line",
    "payout.payment_line",
    "payout.account_correction",
    "payout.benefit_event",
    "payout.idempotency",
    "payout.outbox",
    "payout.trail",
    "payout.row_change",
)
"""Tables that the story must fill, or the search would prove nothing."""

NOT_SEALED = re.compile(r"(hash|digest|fingerprint|blind|tag|previous|body|payload|content)$")
"""Columns of bytes without a sealed value of the service's keys."""

COLUMNS = """
SELECT table_schema, table_name, column_name
  FROM information_schema.columns
  JOIN information_schema.tables USING (table_schema, table_name)
 WHERE table_schema IN ('identity', 'collection', 'ledger', 'payout')
   AND table_type = 'BASE TABLE'
   AND data_type IN ('text', 'jsonb', 'bytea', 'ARRAY', 'character varying')
 ORDER BY 1, 2, 3
"""


@pytest.fixture(scope="module")
async def collection(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[CollectionOffice]:
    async with client_of(collection_app(settings_for())) as client:
        yield CollectionOffice(client, bearer, database_url)


@pytest.fixture(scope="module")
async def payout(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer
) -> AsyncIterator[PayoutOffice]:
    app, peers = payout_app(settings_for()), PeerStub()
    async with (
        client_of(app) as client,
        Peer(
            "http://peer",
            CLIENT_ID,
            "secret",
            identity_url="http://identity",
            attempts=1,
            transport=httpx.MockTransport(peers),
        ) as peer,
    ):
        connect_ledger(app, LedgerClient(peer))
        app.state.collection = CollectionClient(peer)
        yield PayoutOffice(app, client, bearer, peers)


async def test_no_marker_is_readable(
    collection: CollectionOffice,
    payout: PayoutOffice,
    bearer: Bearer,
    database_url: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    story = await marked.registered(collection)
    await marked.paid(payout, story)
    said = capfd.readouterr()
    faults = [
        f"log: {line[:200]}"
        for line in (said.out + said.err).splitlines()
        if any(marker.search(line) for marker in story.markers)
    ]
    faults += [f"answer: {text}" for text in answered(story)]
    lying = await readable(database_url, story)
    faults += [
        f"table: {column} {text}" for column, text in lying.items() if column not in READABLE
    ]
    assert set(READABLE) <= set(lying), (
        "a reviewed column is readable no more: take it off the list"
    )
    for office, app in ((collection.api, collection_of(collection)), (payout.client, payout.app)):
        faults += await shown(office, app, story, bearer)
    assert not faults, "\n".join(faults)


def collection_of(office: CollectionOffice) -> FastAPI:
    transport = office.api._transport
    assert isinstance(transport, httpx.ASGITransport)
    app = transport.app
    assert isinstance(app, FastAPI)
    return app


def answered(story: Story) -> list[str]:
    """Find answers of the story itself that repeat a whole number, account or name."""
    return [
        f"{answer.request.method} {answer.request.url.path} {found[0]}"
        for answer in story.answers
        for marker in story.markers
        if (found := marker.search(answer.text))
    ]


async def readable(url: str, story: Story) -> dict[str, str]:
    """Find the columns in which a marker can be read, each with one."""
    found: dict[str, str] = {}
    connection = await asyncpg.connect(asyncpg_dsn(url))
    try:
        for table in FILLED:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}"), f"{table} is empty"
        for schema, table, column in await connection.fetch(COLUMNS):
            rows = await connection.fetch(f'SELECT "{column}" FROM "{schema}"."{table}"')
            for (value,) in rows:
                raw = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                for marker in story.markers:
                    if hit := marker.search(raw):
                        found[f"{schema}.{table}.{column}"] = hit[0]
    finally:
        await connection.close()
    return found


async def shown(client: httpx.AsyncClient, app: FastAPI, story: Story, bearer: Bearer) -> list[str]:
    """Ask every GET as every role that may; find those that show a marker without the right."""
    faults, tried = [], 0
    for path, method, operation in operations(app.openapi()):
        if method != "get" or not operation["x-roles"]:
            continue
        known = {one["name"] for one in operation.get("parameters", ())}
        params = {"credit_code": story.code, "period": "2021-07", "limit": 500}
        given = {name: value for name, value in params.items() if name in known}
        for filled in filled_in(path, operation, story):
            for role in operation["x-roles"]:
                header = bearer(role, "heping" if Role(role).level is Level.DISTRICT else CENTRE)
                answer = await client.get(filled, headers=header, params=given)
                if answer.status_code == 404:
                    break  # nothing of this reference is there
                tried += answer.status_code == 200
                hit = next((one for one in story.markers if one.search(answer.text)), None)
                name = operation["operationId"]
                if hit and not allowed(name, Role(role)):
                    faults.append(f"{name} as {role}: {hit.search(answer.text)[0]}")  # type: ignore[index]
    assert tried > 50
    return faults


def allowed(operation: str, role: Role) -> bool:
    return operation in READ_BY_RIGHT or (operation, role) in SHOWN


def filled_in(path: str, operation: dict[str, Any], story: Story) -> list[str]:
    """Fill a path's parameters with what the story has: references, numbers, codes."""
    values = {
        "credit_code": [story.code],
        "period": ["2021-07"],
        "identity_number": list(story.people)[:1],
        "region": ["tianjin"],
    }
    filled = [path]
    for one in operation.get("parameters", ()):
        if one["in"] == "path":
            name, kind = one["name"], str(one["example"])[:4]  # the prefix of a reference
            options = values.get(name) or [
                found for found in story.references() if found.startswith(kind)
            ]
            filled = [part.replace(f"{{{name}}}", value) for part in filled for value in options]
    return filled


BYTES = """
SELECT table_schema, table_name || '.' || column_name
  FROM information_schema.columns
 WHERE table_schema IN ('identity', 'collection', 'ledger', 'payout') AND data_type = 'bytea'
 ORDER BY 1, 2
"""


async def test_every_sealed_column_takes_part_in_a_rotation(database_url: str) -> None:
    """A column of bytes is on the list that `wuxian personal-data seal` works off, or needs no key."""
    connection = await asyncpg.connect(asyncpg_dsn(database_url))
    try:
        rows = await connection.fetch(BYTES)
    finally:
        await connection.close()
    listed = {
        (service, f"{table.name}.{column.name}")
        for service in SERVICES
        for table in import_module(f"services.{service}.common.personal").RESEALED
        for column in table.columns
    }
    found = {(row[0], row[1]) for row in rows}
    assert {one for one in found - listed if not NOT_SEALED.search(one[1])} == set()
