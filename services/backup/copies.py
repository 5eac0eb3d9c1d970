"""Copies of one backup at several sites: taken at the first directory, copied to the others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from services.backup.manifest import BackupError, Manifest, check_files
from services.backup.restore import newest
from shared.process.object_store import backups, download, is_remote, upload

Failures = dict[str, str]
"""Site → why it has no copy."""


def to_first(
    places: Mapping[str, str], staging: Path, take: Callable[[Path], Path]
) -> tuple[Path, Failures]:
    """Take a backup at the first site that allows it; the others that were tried, with reasons.

    Where no site is a directory, it is taken at `staging` and goes from there.

    Raises:
        BackupError: no site allows it.
    """
    failures: Failures = {}
    directories = {site: Path(at) for site, at in places.items() if not is_remote(at)}
    for site, place in (directories or {"": staging}).items():
        try:
            place.mkdir(parents=True, exist_ok=True)
            return take(place), failures
        except OSError as error:
            failures[site] = f"{place}: {error.strerror}"
    raise BackupError("; ".join(failures.values()))


def to_others(
    made: Path, places: Mapping[str, str], progress: Callable[[int], None]
) -> tuple[list[str], Failures]:
    """Copy a backup to every other site and compare each copy's digests."""
    copied: list[str] = []
    failures: Failures = {}
    for site, address in places.items():
        try:
            if is_remote(address):
                copied.append(upload(made, address, progress))
            elif not (Path(address) / made.name).exists():
                copied.append(str(_copy(made, Path(address) / made.name, progress)))
        except (OSError, BackupError) as error:
            failures[site] = str(error)
    return copied, failures


@contextmanager
def fetched(address: str, progress: Callable[[int], None]) -> Iterator[Path]:
    """Give a backup's directory: a local one as it is, one of a store copied for a while.

    Args:
        address: a backup, or the place whose newest one is meant.
        progress: is told the bytes as they come.

    Raises:
        BackupError: there is none.
    """
    if not is_remote(address):
        yield newest(Path(address))
        return
    place, _, name = address.rstrip("/").rpartition("/")
    if not name.startswith("wuxian-"):
        place, names = address, backups(address)
        if not names:
            raise BackupError(f"there is no backup in {address}")
        name = names[-1]
    with TemporaryDirectory(prefix="wuxian-restore-") as directory:
        yield download(place, name, Path(directory), progress)


def _copy(made: Path, target: Path, progress: Callable[[int], None]) -> Path:
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copytree(made, part)
        check_files(part, Manifest.read(part), progress)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target
