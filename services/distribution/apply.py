"""Runs plans: a database without Citus is left as it is, one with it gets every table to its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.distribution import catalogue, plan
from services.distribution.catalogue import Connection
from services.distribution.plan import Plan
from services.distribution.schema import Placement
from services.distribution.tables import KEYS
from shared.db import ZONE, asyncpg_dsn

SHARDS = 32
_SETTINGS = {
    # Reference tables and shards change one after the other in the same transaction.
    "citus.multi_shard_modify_mode": "sequential",
    "citus.enable_unsafe_triggers": "on",
    "client_min_messages": "warning",
    "statement_timeout": "0",
}


class NotDistributed(Exception):
    """The database cannot be spread; the text names every reason."""


@dataclass(frozen=True, slots=True)
class Report:
    """The plans of the services, and whether they were run."""

    is_citus: bool
    is_done: bool
    plans: tuple[Plan, ...]

    @property
    def faults(self) -> list[str]:
        """Return the faults of all plans, each with its schema."""
        return [f"{one.schema}.{fault}" for one in self.plans for fault in one.faults]


async def distribute(
    admin_url: str,
    services: Sequence[str] = tuple(KEYS),
    *,
    shards: int = SHARDS,
    dry_run: bool = False,
) -> Report:
    """Spread the tables of services over the servers of a coordinator; what stands is left.

    Args:
        admin_url: postgresql:// address of the administrator of a coordinator.
        services: which services.
        shards: number of shards of every group of tables.
        dry_run: plan only.

    Raises:
        NotDistributed: Citus is there, and the database cannot be spread.
    """
    connection = await _connect(admin_url)
    try:
        is_citus = await catalogue.is_citus(connection)
        plans = tuple(
            [
                plan.plan(await catalogue.read(connection, service), KEYS[service], shards=shards)
                for service in services
                if is_citus or dry_run
            ]
        )
        report = Report(is_citus, is_citus and not dry_run, plans)
        if not is_citus or dry_run:
            return report
        if reasons := [*await catalogue.why_not(connection), *report.faults]:
            raise NotDistributed("\n  ".join(["nothing was changed:", *reasons]))
        for one in plans:
            await _run(connection, one)
        return report
    finally:
        await connection.close()


async def follow(admin_url: str, services: Sequence[str]) -> None:
    """Spread the new tables of services of which the database has spread some already."""
    connection = await _connect(admin_url)
    try:
        if not await catalogue.is_citus(connection):
            return
        spread = [
            service
            for service in services
            if service in KEYS
            and any(
                place is Placement.SPREAD
                for place, _ in (await catalogue.read(connection, service)).placed.values()
            )
        ]
    finally:
        await connection.close()
    if spread:
        await distribute(admin_url, spread)


async def _connect(admin_url: str) -> Connection:
    """Connect as the services do: the driver looks types up in a tenth of a second, not in six."""
    connection: Connection = await asyncpg.connect(
        asyncpg_dsn(admin_url), server_settings=ZONE | {"citus.override_table_visibility": "off"}
    )
    return connection


async def _run(connection: Connection, one: Plan) -> None:
    async with connection.transaction():
        for name, value in _SETTINGS.items():
            await connection.execute(f"SET LOCAL {name} = '{value}'")
        for statement in one.statements:
            await _execute(connection, statement)
        if one.statements:
            await catalogue.keep(connection, one.schema)
    for statement in one.rights:
        failed = await connection.fetch(statement)
        if failed:
            raise NotDistributed(f"a right did not reach a server: {statement}: {failed[0]}")


async def _execute(connection: Connection, statement: str) -> None:
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        detail = f" ({error.detail})" if error.detail else ""
        raise NotDistributed(f"{statement}: {error}{detail}; this schema is as it was") from error
