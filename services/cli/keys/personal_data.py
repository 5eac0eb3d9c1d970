"""`wuxian personal-data`: the keys that seal names, numbers and accounts, and their rotation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli.common import (
    AdminUrl,
    AsJson,
    err,
    fail,
    out,
    plainly,
    print_json,
    print_table,
    settings_with,
)

if TYPE_CHECKING:
    from services.database.rotation import KeyUse, Progress, SealedData

T = TypeVar("T")

app = typer.Typer(help="Keys of personal data, and their rotation.", no_args_is_help=True)

Services = Annotated[
    list[str] | None,
    typer.Option(
        "--service", help="collection, identity, ledger or payout; repeat it. Default: all."
    ),
]
OneService = Annotated[
    str, typer.Option("--service", help="collection, identity, ledger or payout.")
]


@app.command()
def status(service: Services = None, admin_url: AdminUrl = None, as_json: AsJson = False) -> None:
    """Count the values that each key sealed."""

    async def work(data: SealedData) -> list[dict[str, Any]]:
        return [_row(data.service, use) for use in await data.uses()]

    rows = [row for found in _each(service, admin_url, work) for row in found]
    if as_json:
        print_json(rows)
        return
    print_table(
        "个人信息的密钥 · Keys of personal data",
        ["service", "key", "algorithm", "use", "values"],
        [
            [str(row[name]) for name in ("service", "key", "algorithm", "use", "values")]
            for row in rows
        ],
    )


def _row(service: str, use: KeyUse) -> dict[str, Any]:
    state = "seals" if use.is_current else "opens" if use.total else "unused"
    return {
        "service": service,
        "key": use.key.id,
        "algorithm": use.key.algorithm.value,
        "use": state,
        "values": use.total,
        "tables": use.values,
    }


@app.command()
def rotate(
    service: Services = None,
    prepare: Annotated[
        bool,
        typer.Option(help="Make the key only; copy the file to every machine, then rotate."),
    ] = False,
    admin_url: AdminUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give a service a new key (WUXIAN_FIELD_ALGORITHM); running services see it at once."""
    from shared.security.field_keys import Algorithm

    algorithm = Algorithm(settings_with().field_algorithm)

    async def work(data: SealedData) -> dict[str, Any]:
        made = await (data.prepare(algorithm) if prepare else data.rotate(algorithm))
        return {"service": data.service, "key": made, "file": str(data.file)}

    _say(
        _each(service, admin_url, work),
        lambda row: f"{row['service']}: key {row['key']} in {row['file']}",
        as_json=as_json,
    )


@app.command()
def seal(service: Services = None, admin_url: AdminUrl = None, as_json: AsJson = False) -> None:
    """Seal every value with the current key; may be stopped and begun again."""

    async def work(data: SealedData) -> dict[str, Any]:
        with _watched(data.service, await data.waiting()) as progress:
            return {"service": data.service, "rows": await data.seal(progress)}

    _say(
        _each(service, admin_url, work),
        lambda row: f"{row['service']}: {row['rows']} rows sealed with the current key",
        as_json=as_json,
    )


@app.command()
def retire(
    key: Annotated[str, typer.Argument(help="The key's id, as `status` lists it.")],
    service: OneService,
    admin_url: AdminUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take an old key out of use; refused while a value needs it."""

    async def work(data: SealedData) -> dict[str, Any]:
        await data.retire(key)
        return {"service": data.service, "key": key}

    _say(
        _each([service], admin_url, work),
        lambda row: (
            f"{row['service']}: key {row['key']} is retired; a backup of before needs its own key files"
        ),
        as_json=as_json,
    )


def _each(
    services: list[str] | None,
    admin_url: str | None,
    work: Callable[[SealedData], Awaitable[T]],
) -> list[T]:
    """Do work on the sealed data of services, one after the other."""
    from services.database.administrator import administered
    from services.database.field_keys import SERVICES, KeyRefused
    from services.database.rotation import SealedData
    from shared.db import Database
    from shared.security.field_cipher import CipherBroken
    from shared.security.field_keys import KeyMissing

    unknown = set(services or ()) - set(SERVICES)
    if unknown:
        fail(f"{', '.join(sorted(unknown))}: only {', '.join(SERVICES)} seal data", 2)
    settings = settings_with(admin_database_url=admin_url)

    async def on(url: str, service: str) -> T:
        db = Database(url, service, pool_size=1, statement_timeout_ms=0)
        try:
            return await work(SealedData(settings, service, db))
        finally:
            await db.close()

    with plainly(), administered(settings) as url:
        try:
            return [asyncio.run(on(url, service)) for service in services or SERVICES]
        except (KeyRefused, KeyMissing) as refused:
            fail(str(refused))
        except CipherBroken:
            fail("a value opens with none of the service's keys: put its field_keys.json back")


def _say(
    rows: list[dict[str, Any]], sentence: Callable[[dict[str, Any]], str], *, as_json: bool
) -> None:
    if as_json:
        print_json(rows)
        return
    for row in rows:
        out.print(sentence(row), soft_wrap=True, markup=False, highlight=False)


@contextmanager
def _watched(service: str, total: int) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(service, total=total)

        def advance(table: str, rows: int) -> None:
            bar.update(task, advance=rows, description=f"{service} {table}")

        yield advance
