"""Old backups: which are kept (the newest of each day, week and month), and removing the others.

The newest backup whose files are whole is always kept, whatever the rule says. A place without such
a backup loses nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.backup.manifest import NAME, BackupError, Manifest, check_files
from shared.process import object_store

_NAME_FORM = "wuxian-%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class KeepRule:
    """The numbers of days, weeks and months that keep their newest backup."""

    daily: int
    weekly: int
    monthly: int


@dataclass(frozen=True, slots=True)
class PruneLine:
    """A backup at a place, and why it is kept; no reason: it goes."""

    name: str
    reasons: tuple[str, ...]


def moment_of(name: str) -> datetime | None:
    """Read the moment of a backup from its name; None for another file."""
    try:
        return datetime.strptime(name, _NAME_FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def plan(names: Sequence[str], rule: KeepRule, whole: str) -> list[PruneLine]:
    """Decide about every backup of a place, newest first; `whole` is kept in any case."""
    moments = {name: moment for name in names if (moment := moment_of(name))}
    reasons: dict[str, list[str]] = {name: [] for name in sorted(moments, reverse=True)}
    for reason, keep, form in (
        ("daily", rule.daily, "%Y-%m-%d"),
        ("weekly", rule.weekly, "%G-W%V"),
        ("monthly", rule.monthly, "%Y-%m"),
    ):
        seen: set[str] = set()
        for name in reasons:
            span = moments[name].strftime(form)
            if span not in seen and len(seen) < keep:
                seen.add(span)
                reasons[name].append(f"{reason} {span}")
    reasons[whole].insert(0, "newest whole")
    return [PruneLine(name, tuple(found)) for name, found in reasons.items()]


def examine(place: str, rule: KeepRule, progress: Callable[[int], None]) -> list[PruneLine]:
    """Read the backups of a directory or store, find the newest whole one, and decide about all.

    Raises:
        BackupError: no backup there is whole, so none may go.
    """
    names = [name for name in _names(place) if moment_of(name)]
    for name in sorted(names, reverse=True):
        try:
            _check(place, name, progress)
        except (BackupError, OSError):
            continue
        return plan(names, rule, name)
    raise BackupError(f"{place} has no backup whose files are whole: nothing is removed")


def remove(place: str, name: str) -> None:
    """Remove a backup; it stops being one before its first file goes."""
    if object_store.is_remote(place):
        object_store.remove(place, name)
        return
    hidden = Path(place) / f".{name}.gone"
    (Path(place) / name).rename(hidden)
    shutil.rmtree(hidden)


def _names(place: str) -> list[str]:
    if object_store.is_remote(place):
        return object_store.backups(place)
    return [path.parent.name for path in Path(place).glob(f"wuxian-*/{NAME}")]


def _check(place: str, name: str, progress: Callable[[int], None]) -> None:
    if not object_store.is_remote(place):
        directory = Path(place) / name
        check_files(directory, Manifest.read(directory), progress)
        return
    manifest = Manifest.parse(object_store.read(place, f"{name}/{NAME}").decode(), place)
    for file in manifest.files:
        if object_store.digest(place, f"{name}/{file.name}", progress) != file.sha256:
            raise BackupError(f"{place}/{name}/{file.name} was changed: its digest is another")
