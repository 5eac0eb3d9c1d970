"""`wuxian backup`, `restore`, `retention`: copies of everything, pruned by a rule, and rows' ages."""

from __future__ import annotations

import asyncio
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from services.cli.common import (
    AdminUrl,
    AsJson,
    Service,
    err,
    fail,
    out,
    plainly,
    print_json,
    print_table,
    settings_with,
)

if TYPE_CHECKING:
    from services.backup.prune import PruneLine
    from services.backup.restore import Restored
    from shared.process.retention import RetentionRule
    from shared.process.settings import Settings

PASSPHRASE_LEAST = 16
DEFAULT = "take"
Keep = Annotated[int, typer.Option(min=0, max=10_000)]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        help="File of the passphrase; also WUXIAN_BACKUP_PASSPHRASE_FILE.",
        dir_okay=False,
        show_default=False,
    ),
]


class BackupGroup(TyperGroup):
    """A group whose first command is meant where none is named: `wuxian backup /mnt/usb`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the first command's name in front of words that name no command."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=BackupGroup,
    help="Back up all schemas and keys (`take`, also without its name); prune.",
)


@app.command(name=DEFAULT)
def backup(
    place: Annotated[
        str | None,
        typer.Argument(
            help="A directory or s3://bucket/prefix; default: every site of WUXIAN_BACKUP_SITES."
        ),
    ] = None,
    admin_url: AdminUrl = None,
    passphrase_file: PassphraseFile = None,
    keys: Annotated[
        bool, typer.Option(help="Put the key files into the backup, not only their fingerprints.")
    ] = True,
    wal: Annotated[
        bool,
        typer.Option(
            "--wal",
            help="Copy the server's files once, then keep its log until Ctrl-C: any moment since can"
            " be restored.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Back up all schemas and keys, encrypted, at every site."""
    from services.backup import copies
    from services.backup.keys import KeyPlaces
    from services.backup.take import take
    from services.database.administrator import administered

    settings = settings_with(admin_database_url=admin_url, backup_passphrase_file=passphrase_file)
    places = {"": place} if place else dict(settings.backup_sites)
    if not places:
        fail("name a directory, or set WUXIAN_BACKUP_SITES to sites and their directories", 2)
    passphrase = _passphrase(settings)
    if wal:
        _keep_log(settings, places.values(), passphrase)
        return
    with plainly(), administered(settings) as url, _watched("dump 备份") as progress:
        where = KeyPlaces.of(settings)
        staging = settings.home / "backup"
        made, failures = copies.to_first(
            places,
            staging,
            lambda at: take(url, where, at, passphrase, with_keys=keys, progress=progress),
        )
        copied, more = copies.to_others(made, places, progress)
    failures |= more
    if made.parent == staging:
        shutil.rmtree(made)
        found = copied
    else:
        found = [str(made), *copied]
    if as_json:
        print_json({"backups": found, "failures": failures})
    else:
        for one in found:
            out.print(f"backup: {one}", soft_wrap=True, markup=False, highlight=False)
    for site, said in failures.items():
        err.print(f"wuxian: no copy at {site}: {said}", style="red", markup=False, highlight=False)
    raise typer.Exit(1 if failures else 0)


def _keep_log(settings: Settings, places: Iterable[str], passphrase: bytes) -> None:
    """Copy the server's files unless the archive has a copy, then take its log until told to stop."""
    from services.backup import wal
    from services.backup.keys import KeyPlaces
    from services.backup.moment import is_archive
    from services.database.administrator import administered, uses_embedded
    from services.embedded import EmbeddedPostgres

    archive = next((Path(at) for at in places if "://" not in at), None)
    if archive is None:
        fail("the log is kept in a directory: name one", 2)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with plainly(), administered(settings) as url:
        asyncio.run(wal.make_slot(url))
        if not is_archive(archive):
            embedded = uses_embedded(settings)
            password = EmbeddedPostgres(settings.home).cluster / "password" if embedded else None
            with _watched("base 基础备份") as progress:
                where = (KeyPlaces.of(settings), password, archive)
                made = wal.take_base(url, *where, passphrase, progress)
            out.print(f"base copy: {made}", soft_wrap=True, markup=False, highlight=False)
        wal.receive(
            url,
            archive,
            settings.home / "wal",
            passphrase,
            stop,
            lambda name: out.print(f"log: {name}", markup=False, highlight=False),
        )


@app.command()
def prune(
    place: Annotated[
        str | None,
        typer.Argument(
            help="A directory or s3://bucket/prefix; default: every site of WUXIAN_BACKUP_SITES."
        ),
    ] = None,
    keep_daily: Keep = 7,
    keep_weekly: Keep = 5,
    keep_monthly: Keep = 13,
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without it, only show.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which old backups would go; remove them with --yes.

    The newest backup of each of so many days, weeks and months stays, and always the newest whose
    files are whole by their digests.
    """
    from services.backup.prune import KeepRule, examine, remove

    settings = settings_with()
    places = {"": place} if place else dict(settings.backup_sites)
    if not places:
        fail("name a directory, or set WUXIAN_BACKUP_SITES to sites and their directories", 2)
    rule = KeepRule(keep_daily, keep_weekly, keep_monthly)
    found: dict[str, list[PruneLine]] = {}
    with plainly():
        for at in places.values():
            with _watched("check 核对") as progress:
                found[at] = examine(at, rule, progress)
        for at, lines in found.items():
            for line in lines:
                if yes and not line.reasons:
                    remove(at, line.name)
    _say_pruned(found, yes=yes, as_json=as_json)


def _say_pruned(found: dict[str, list[PruneLine]], *, yes: bool, as_json: bool) -> None:
    if as_json:
        kept = {at: [one.name for one in lines if one.reasons] for at, lines in found.items()}
        gone = {at: [one.name for one in lines if not one.reasons] for at, lines in found.items()}
        print_json({"removed" if yes else "would_remove": gone, "kept": kept})
        return
    for at, lines in found.items():
        for line in lines:
            fate = ", ".join(line.reasons) or ("removed" if yes else "would be removed")
            out.print(f"{at}/{line.name}: {fate}", soft_wrap=True, markup=False, highlight=False)
    if not yes:
        err.print("nothing was removed; with --yes it is", markup=False, highlight=False)


def restore(
    source: Annotated[
        str,
        typer.Argument(
            help="A backup, or the directory (or s3://bucket/prefix) whose newest one is meant."
        ),
    ],
    home: Annotated[Path, typer.Option(help="The new installation's directory.")],
    until: Annotated[
        datetime | None,
        typer.Option(
            help="Restore as of this moment (2026-11-30T06:00:00+08:00); needs `backup --wal`.",
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"],
        ),
    ] = None,
    admin_url: AdminUrl = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Restore into a new home and an empty database; verify the books."""
    from services.backup import copies
    from services.backup.keys import KeyPlaces
    from services.backup.manifest import Manifest
    from services.backup.moment import is_archive, restore_moment
    from services.backup.restore import restore as run
    from services.database.administrator import administered, uses_embedded
    from services.database.passwords import role_passwords

    settings = settings_with(
        home=home, admin_database_url=admin_url, backup_passphrase_file=passphrase_file
    )
    passphrase = _passphrase(settings)
    if is_archive(Path(source)):
        with plainly(), _watched("restore 恢复") as progress:
            restored = restore_moment(Path(source), settings, passphrase, until, progress)
        _say_restored(source, restored, as_json=as_json)
        raise typer.Exit(1 if restored.faults else 0)
    if until is not None:
        fail(f"{source} has no log: only an archive of `wuxian backup --wal` has moments", 2)
    with (
        plainly(),
        _watched("restore 恢复") as progress,
        copies.fetched(source, progress) as found,
    ):
        Manifest.read(found).keys(passphrase)  # before anything is made for a wrong passphrase
        with administered(settings) as url:
            restored = run(
                found,
                KeyPlaces.of(settings),
                url,
                passphrase,
                role_passwords(settings),
                renew=uses_embedded(settings),
                progress=progress,
            )
    _say_restored(source, restored, as_json=as_json)
    raise typer.Exit(1 if restored.faults else 0)


def _say_restored(source: str, restored: Restored, *, as_json: bool) -> None:
    verdict = restored.verdict
    if as_json:
        print_json(
            {
                "backup": source,
                "made_at": restored.manifest.made_at,
                "verified": not restored.faults,
                "vouchers": verdict.vouchers,
                "entries": verdict.entries,
                "faults": restored.faults,
            }
        )
        return
    for fault in restored.faults:
        err.print(f"  {fault}", style="red", markup=False, highlight=False)
    out.print(
        f"restored {source} of {restored.manifest.made_at}: {verdict.vouchers:,} vouchers, "
        + ("BROKEN" if restored.faults else "everything holds"),
        soft_wrap=True,
        markup=False,
        highlight=False,
    )


def retention(
    service: Annotated[Service | None, typer.Argument(help="Only this service.")] = None,
    table: Annotated[str | None, typer.Option(help="The table whose days change.")] = None,
    days: Annotated[int | None, typer.Option(help="Days that its rows are kept.")] = None,
    by: Annotated[str | None, typer.Option(help="Who changes it.")] = None,
    why: Annotated[str | None, typer.Option(help="Why.")] = None,
    admin_url: AdminUrl = None,
    as_json: AsJson = False,
) -> None:
    """List how long rows are kept, or write a new rule."""
    from services.database import retention_rules
    from services.database.administrator import administered
    from shared.process.retention import SERVICES

    if service is not None and service.value not in SERVICES:
        fail(f"{service.value} keeps no such rows", 2)
    chosen = [service.value] if service else list(SERVICES)
    changes = (table, days, by, why)
    if any(changes) and not (all(changes) and service):
        fail("a new rule needs SERVICE, --table, --days, --by and --why", 2)
    settings = settings_with(admin_database_url=admin_url)
    with plainly(), administered(settings) as url:
        if table and days and by and why:
            asyncio.run(retention_rules.add(url, chosen[0], table, days, by=by, why=why))
        found = asyncio.run(retention_rules.of(url, chosen))
    if as_json:
        print_json({name: [_rule(rule) for rule in rules] for name, rules in found.items()})
        return
    rows = [
        (name, rule.table_name, str(rule.days), rule.set_by, rule.why)
        for name, rules in found.items()
        for rule in rules
    ]
    print_table("保留期 (retention)", ("service", "table", "days", "by", "why"), rows)


def _rule(rule: RetentionRule) -> dict[str, object]:
    return {"table": rule.table_name, "days": rule.days, "by": rule.set_by, "why": rule.why}


def _passphrase(settings: Settings) -> bytes:
    file = settings.backup_passphrase_file
    if file is None:
        fail(
            "a backup is always encrypted: name a file with the passphrase by --passphrase-file or"
            " WUXIAN_BACKUP_PASSPHRASE_FILE (openssl rand -base64 32 > FILE; keep it elsewhere too)",
            2,
        )
    try:
        found = file.read_bytes().strip()
    except OSError as error:
        fail(f"{file}: {error.strerror}", 2)
    if len(found) < PASSPHRASE_LEAST:
        fail(f"{file}: a passphrase has {PASSPHRASE_LEAST} characters or more", 2)
    return found


@contextmanager
def _watched(title: str) -> Iterator[Callable[[int], None]]:
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), "{task.description}", DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda more: bar.advance(task, more)
