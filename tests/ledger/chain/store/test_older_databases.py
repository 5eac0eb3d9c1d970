"""A database of an earlier release gets what it lacks, and keeps what its operator entered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.ledger.app import build
from services.ledger.chain.flows import growth as growth_flow
from services.migrate import _config
from shared.db import sqlalchemy_url
from tests.conftest import database_on
from tests.ledger.conftest import Ledger
from tests.ledger.support.year import new_ledger, play

BEFORE = "ledger_0005"
OF_PENSION = "fund=pension&period=2021-07"
REPORTS = (
    "/v1/funds/balances?as_of=2021-07-31",
    "/v1/funds/balances?as_of=2021-12-31&district=nankai",
    "/v1/trial-balance?as_of=2021-12-31",
    "/v1/funds/flows?from=2021-01-01&to=2021-12-31&group_by=month",
    "/v1/measures/collection?from=2021-01-01&to=2021-12-31",
    "/v1/measures/capacity?as_of=2021-12-31",
    "/v1/warnings?as_of=2021-12-31",
    "/v1/in-transit?cut_off=2021-07-31",
    "/v1/suspense",
    f"/v1/reports/general-ledger?{OF_PENSION}",
    f"/v1/reports/balance-sheet?{OF_PENSION}",
    f"/v1/reports/income-statement?{OF_PENSION}",
    f"/v1/reports/detail-ledger?{OF_PENSION}&account=income_deposit",
    "/v1/accounts/income_deposit/entries?fund=pension&from=2021-07-01&to=2021-12-31",
    "/v1/settlements",
    "/v1/chain",
)
FLOWS = "SELECT * FROM flow_matrix ORDER BY kind, book, debit, credit, in_force_from"


async def move(url: str, revision: str, *, down: bool = False) -> None:
    """Take the ledger's schema down or up to a revision."""

    def run(connection: Connection) -> None:
        config = _config("ledger")
        config.attributes["connection"] = connection
        way = command.downgrade if down else command.upgrade
        way(config, revision)

    engine = create_async_engine(sqlalchemy_url(url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL search_path = ledger, public"))
        await connection.run_sync(run)
    await engine.dispose()


@pytest.fixture
async def older(server_url: str, template: str) -> AsyncIterator[str]:
    """A ledger that stands at the revision before corrections."""
    async with database_on(server_url, template) as url:
        await move(url, BEFORE, down=True)
        yield url


async def test_flows_that_came_later_are_added_only_where_they_are_missing(older: str) -> None:
    admin = await asyncpg.connect(older, server_settings={"search_path": "ledger"})
    try:
        shipped = await admin.fetchval("SELECT COUNT(*) FROM flow_matrix")
        await admin.execute("DELETE FROM flow_matrix WHERE kind IN ('late_fee', 'interest')")
        await admin.execute(
            "UPDATE flow_matrix SET in_force_from = '2021-01-01', source = '本市规定'"
            " WHERE kind = 'refund'"
        )
        refunds = await admin.fetch("SELECT * FROM flow_matrix WHERE kind = 'refund' ORDER BY 3, 4")
        await move(older, "ledger_0006")
        assert await admin.fetchval("SELECT COUNT(*) FROM flow_matrix") == shipped
        assert (
            await admin.fetch("SELECT * FROM flow_matrix WHERE kind = 'refund' ORDER BY 3, 4")
            == refunds
        )
        late_fees = "SELECT COUNT(*) FROM flow_matrix WHERE kind = 'late_fee'"
        assert await admin.fetchval(late_fees) > 5
    finally:
        await admin.close()


async def test_shipped_flows_get_their_senders_and_corrected_ones_keep_theirs(
    server_url: str, template: str
) -> None:
    async with database_on(server_url, template) as url:
        admin = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
        try:
            fresh = await admin.fetch(FLOWS)
            await move(url, "ledger_0020", down=True)
            assert {row["by"] for row in await admin.fetch(FLOWS)} == {"any", "ledger"}
            [corrected] = await admin.fetch(
                "UPDATE flow_matrix SET source = '本市规定'"
                " WHERE kind = 'waiver' RETURNING *, to_jsonb(flow_matrix)::text AS row"
            )
            await admin.execute(
                """
                INSERT INTO rule_correction (id, table_name, row_key, after, why, corrected_by)
                VALUES (gen_random_uuid(), 'flow_matrix', 'waiver', $1::jsonb, '函', 'li / wang')
                """,
                corrected["row"],
            )
            await admin.execute(
                "INSERT INTO flow_matrix SELECT 'local', book, debit, credit, by, in_force_from,"
                " in_force_to, source, certainty FROM flow_matrix WHERE kind = 'waiver'"
            )
            await move(url, "head")
            after = {tuple(row.values())[:4]: row for row in await admin.fetch(FLOWS)}
            assert {row["by"] for row in after.values() if row["kind"] in {"waiver", "local"}} == {
                "any"
            }
            unchanged = [row for row in fresh if row["kind"] != "waiver"]
            assert unchanged == [after[tuple(row.values())[:4]] for row in unchanged]
            assert "any" not in {row["by"] for row in fresh}
        finally:
            await admin.close()


async def test_budgets_of_one_person_stay_in_force_and_later_ones_need_two(
    server_url: str, template: str
) -> None:
    async with database_on(server_url, template) as url:
        await move(url, "ledger_0031", down=True)
        admin = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
        insert = (
            "INSERT INTO budget (id, fund, account, year, amount_fen, source, recorded_by)"
            " VALUES (gen_random_uuid(), 'pension', 'benefit.basic_pension', 2021, 5, 'x', 'wang')"
        )
        try:
            await admin.execute(insert)
            await move(url, "ledger_0032")
            kept = "SELECT count(*) FROM budget AS b JOIN budget_approval AS a ON a.id = b.id"
            assert await admin.fetchval(kept) == 1
            with pytest.raises(asyncpg.CheckViolationError, match="budget_of_paper"):
                await admin.execute(insert)
            paper = await admin.fetchval(
                "INSERT INTO budget_paper (id, source, recorded_by)"
                " VALUES (gen_random_uuid(), 'y', 'Li Na') RETURNING id"
            )
            approve = "INSERT INTO budget_approval (id, recorded_by, approved_by) VALUES ($1, 'Li Na', $2)"
            with pytest.raises(asyncpg.CheckViolationError, match="two_people"):
                await admin.execute(approve, paper, "li na ")
            late = insert.replace("recorded_by)", "recorded_by, paper)").replace(
                "'wang')", "'Li Na', $1)"
            )
            with pytest.raises(asyncpg.ForeignKeyViolationError, match="budget_of_recorder"):
                await admin.execute(late.replace("Li Na", "zhao"), paper)
            await admin.execute(approve, paper, "zhao")
            with pytest.raises(asyncpg.CheckViolationError, match="is approved"):
                await admin.execute(late, paper)
        finally:
            await admin.close()


async def test_vouchers_of_rows_become_vouchers_of_one_row_and_the_books_are_the_same(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> None:
    entries = "SELECT * FROM entry ORDER BY slot, seq, line"
    balances = """
        SELECT slot, book, fund, account, district, day, sum(debit_fen), sum(credit_fen)
          FROM bucket GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
    """

    async def reports(ledger: Ledger) -> dict[str, str]:
        """Answer every report by a process that has nothing in its memory yet."""
        async with client_of(build(settings_for(database_url=ledger.url))) as client:
            answers = {
                path: await client.get(path, headers=bearer("supervisor")) for path in REPORTS
            }
        assert {answer.status_code for answer in answers.values()} == {200}
        return {path: answer.text for path, answer in answers.items()}

    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        await play(ledger)
        admin = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
        try:
            before = await admin.fetch(entries), await admin.fetch(balances)
            answers_before = await reports(ledger)
            assert len(before[0]) > 20
            await move(ledger.url, "ledger_0035", down=True)
            assert (await admin.fetch(entries), await admin.fetch(balances)) == before
            await move(ledger.url, "head")
            assert (await admin.fetch(entries), await admin.fetch(balances)) == before
            assert await admin.fetchval("SELECT sum(postings) FROM place_postings") > 20
            assert await reports(ledger) == answers_before
            await move(ledger.url, "ledger_0035", down=True)
            await admin.execute("SET session_replication_role = replica")
            [lost] = await admin.fetch(
                "DELETE FROM entry WHERE (slot, seq, line) = (SELECT slot, seq, line FROM entry LIMIT 1)"
                " RETURNING entry::text AS row"
            )
            with pytest.raises(DBAPIError, match=r"entries do not match|voucher_balanced"):
                await move(ledger.url, "head")
            await admin.execute("INSERT INTO entry SELECT ($1::text::entry).*", lost["row"])
            await move(ledger.url, "head")
            await growth_flow.grow(ledger.books.db, 2, "operator:test")
            owners = "SELECT count(DISTINCT owner) FROM voucher WHERE owner <> 'centre'"
            stored = await admin.fetchval("SELECT count(*) FROM owner_slot")
            assert stored == await admin.fetchval(owners) > 1
        finally:
            await admin.close()
