"""`wuxian up`, `wuxian demo` and `wuxian sandbox month`: everything at once."""

from __future__ import annotations

import asyncio
import signal
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.common import (
    SERVICES,
    AsJson,
    DatabaseUrl,
    err,
    out,
    plainly,
    print_json,
    print_table,
    settings_with,
)

if TYPE_CHECKING:
    from services.supervisor import Supervisor
    from services.supervisor.home_log import HomeLog

sandbox = typer.Typer(help="Rehearse with the simulated bank and tax bureau.")


def up(
    sandbox: Annotated[
        bool, typer.Option(help="Run the simulated bank and tax bureau too.")
    ] = True,
    console: Annotated[bool, typer.Option(help="Run the console, the pages of people.")] = True,
    demo_city: Annotated[
        bool,
        typer.Option("--demo-city", help="Fill a small city, so that every page shows something."),
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Start everything and stay until Ctrl-C."""
    from services.supervisor import Supervisor
    from services.supervisor.home_log import HomeLog

    settings = settings_with(database_url=database_url)
    names = (*SERVICES, *(["console"] if console else []), *(["sandbox"] if sandbox else []))
    with plainly(), closing(HomeLog(settings.home / "log")) as log:
        house = Supervisor(settings, names, on_log=log)
        asyncio.run(_stay(house, log, as_json=as_json, demo_city=demo_city))


async def _stay(house: Supervisor, log: HomeLog, *, as_json: bool, demo_city: bool) -> None:
    loop = asyncio.get_running_loop()
    asked_to_stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, asked_to_stop.set)
    starting = asyncio.create_task(house.start())
    stopping = asyncio.create_task(asked_to_stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        return
    try:
        starting.result()
        log.is_starting = False
        if demo_city and not await _filled(house, stopping):
            return
        _announce(house, as_json=as_json)
        await stopping
        err.print("stopping", highlight=False)
    finally:
        stopping.cancel()
        await house.stop()


async def _filled(house: Supervisor, stopping: asyncio.Task[bool]) -> bool:
    """Fill a small city; False when somebody has asked to stop meanwhile."""
    from services.demo.filling import fill
    from services.demo.office import Office
    from services.demo.stage import Stage

    office = Office(house.urls, house.secrets)
    filling = asyncio.create_task(fill(office, Stage()))
    try:
        await asyncio.wait({filling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not filling.done():
            filling.cancel()
            with suppress(asyncio.CancelledError):
                await filling
            return False
        if not filling.result():
            err.print("the city is there already", highlight=False)
        return True
    finally:
        await office.close()


def _announce(house: Supervisor, *, as_json: bool) -> None:
    if as_json:
        print_json({"urls": house.urls, "identity_dir": str(house.settings.identity_path)})
        return
    addresses = [
        (name, url, "" if name == "console" else f"{url}/docs") for name, url in house.urls.items()
    ]
    print_table("运行中 · Running", ("service", "URL", "API"), addresses)
    lines = ["Ctrl-C stops everything."]
    if house.secrets:
        lines = [
            f"Secrets of the sandbox's people and machines: {house.settings.identity_path}/secrets.json",
            "A token for any role: wuxian token --role district_clerk --district heping",
            *lines,
        ]
    if house.secrets and "console" in house.services:
        lines = [
            f"操作台 · The console: {house.urls['console']}",
            "  user name: district_clerk.heping, centre_cashier, supervisor …",
            "  password: in the file below; one-time code: wuxian code district_clerk.heping",
            *lines,
        ]
    out.print("\n".join(lines), highlight=False, soft_wrap=True)


def demo(
    as_json: AsJson = False,
    small: Annotated[bool, typer.Option(help="A tenth of the city.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Play two months of a generated city and prove the books.

    With --database-url, the database wuxian_demo on that server is made anew.
    """
    from services.demo.main import perform

    settings = settings_with()
    if database_url:
        settings = settings.model_copy(update={"admin_database_url": database_url})
    with plainly():
        raise typer.Exit(perform(as_json, settings, small=small))


@sandbox.callback()
def rehearse() -> None:
    """Rehearse with the simulated bank and tax bureau."""


@sandbox.command()
def month(
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same month.")] = 1,
    failures: Annotated[int, typer.Option(min=0, max=20, help="Percent of every failure.")] = 5,
    units: Annotated[int, typer.Option(min=10, max=2000, help="Units.")] = 200,
    kills: Annotated[int, typer.Option(min=0, max=100, help="Kills of services meanwhile.")] = 0,
    orderly: Annotated[
        bool,
        typer.Option(help="The same failures, told in order."),
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Play a month with failures, the clerks' steps, the closing.

    With --database-url, the database wuxian_demo on that server is made anew.
    """
    from services.demo.month.main import Rehearsal, perform

    settings = settings_with()
    if database_url:
        settings = settings.model_copy(update={"admin_database_url": database_url})
    asked = Rehearsal(seed, failures, units, kills, orderly)
    with plainly():
        raise typer.Exit(perform(asked, settings, json_output=as_json))
