"""Errors of the database are known by their state and constraint, on Citus too."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.ledger.common.store.connection import FailureKind, failure_kind
from shared.db import RETRIED_STATES, Database, constraint, sqlstate
from shared.process.outage import Outage, outage_of

TWICE = 'duplicate key value violates unique constraint "trail_one_signature_a_person_102008"'


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (TWICE, "23505"),
        ("could not commit transaction for shard 102008 on at least one active node", "08007"),
        ('new row for relation "bill_102008" violates check constraint "bill_check"', "23514"),
        ("cache lookup failed for relation 7", "XX000"),
    ],
)
def test_an_internal_error_of_citus_has_its_own_state(words: str, state: str) -> None:
    assert sqlstate(asyncpg.InternalServerError(words)) == state


def test_a_commit_of_unknown_effect_is_not_run_again() -> None:
    lost = asyncpg.InternalServerError("could not commit transaction for shard 102008")
    assert sqlstate(lost) not in RETRIED_STATES
    assert failure_kind(lost) is FailureKind.LOST
    assert outage_of(lost) is Outage.DATABASE_UNREACHABLE, "answered 503"
    assert failure_kind(asyncpg.InternalServerError(TWICE)) is FailureKind.REFUSED


def test_a_constraint_is_named_by_the_driver_or_in_the_text() -> None:
    named = asyncpg.UniqueViolationError("duplicate key")
    named.constraint_name = "trail_pkey"
    assert constraint(named) == "trail_pkey"
    assert constraint(asyncpg.UniqueViolationError(TWICE)) == "trail_one_signature_a_person"
    assert constraint(asyncpg.UniqueViolationError("duplicate key")) is None


async def test_an_error_of_integrity_is_raised_as_one(database_url: str) -> None:
    database = Database(database_url, "ledger")
    told = f"DO $$ BEGIN RAISE EXCEPTION '{TWICE}' USING ERRCODE = 'XX000'; END $$"
    try:
        with pytest.raises(IntegrityError, match="trail_one_signature_a_person") as raised:
            await database.run(lambda tx: tx.execute(text(told)))
    finally:
        await database.close()
    assert constraint(raised.value) == "trail_one_signature_a_person"
