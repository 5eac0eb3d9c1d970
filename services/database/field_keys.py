"""The files of the services' field keys: made once, rotated and pruned by the operator's commands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from shared import clock
from shared.process.settings import Settings
from shared.security.field_keys import Algorithm, FieldKey, FieldKeys
from shared.security.identity import locked, write_private

SERVICES: Final = ("collection", "identity", "ledger", "payout")
"""The services that seal personal data or secrets."""
SETTLED: Final = timedelta(hours=1)
"""Time after which no running transaction can still write a value under the key of before."""


class KeyRefused(Exception):
    """A key may not be made, used or retired now; the text says why."""


def keep(settings: Settings, services: Sequence[str] = SERVICES) -> None:
    """Make a key of its own for each service that has none yet; nothing is replaced."""
    for service in services:
        file = settings.field_keys_of(service)
        if service not in SERVICES or file.exists():
            continue
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = FieldKey.new(Algorithm(settings.field_algorithm))
        part = file.with_name(f"{file.name}.{os.getpid()}")
        write_private(part, _text({"keys": [_entry(key)], "seals_with": key.id, "since": _now()}))
        with suppress(FileExistsError):
            os.link(part, file)  # the first of two processes wins
        part.unlink()


def prepare(file: Path, algorithm: Algorithm) -> FieldKey:
    """Add a key that opens but does not seal yet, for services on several machines.

    Raises:
        KeyRefused: one is prepared already.
    """
    key = FieldKey.new(algorithm)

    def add(known: dict[str, Any]) -> None:
        if _prepared(known):
            raise KeyRefused(f"the key {_prepared(known)} is prepared already: rotate uses it")
        known.setdefault("keys", []).append(_entry(key))
        known["prepared"] = key.id

    _change(file, add)
    return key


def use(file: Path, key_id: str) -> None:
    """Let a key seal from now on."""

    def turn(known: dict[str, Any]) -> None:
        known |= {"seals_with": key_id, "since": _now()}
        known.pop("prepared", None)

    _change(file, turn)


def prepared(file: Path) -> str | None:
    """Return the id of the key that is prepared and not used yet."""
    return _prepared(_read(file))


def remove(file: Path, keys: FieldKeys, key_id: str) -> None:
    """Take a key out of a service's file; values of older backups need their own key files then.

    Raises:
        KeyRefused: it seals, it is not there, or it sealed a moment ago.
    """
    ring = keys.ring
    if ring.named(key_id) is None:
        raise KeyRefused(f"there is no key {key_id}")
    if ring.current_id == key_id:
        raise KeyRefused(f"the key {key_id} seals new values: rotate first")

    def take(known: dict[str, Any]) -> None:
        known["keys"] = [one for one in known.get("keys", []) if one["id"] != key_id]
        known["retired"] = sorted({*known.get("retired", []), key_id})

    _change(file, take)


def require_settled(keys: FieldKeys, settled: timedelta = SETTLED) -> None:
    """Refuse to call a key unused while a transaction that began before the rotation may still write.

    Raises:
        KeyRefused: the current key began to seal less than that time ago.
    """
    since = keys.ring.since
    if since is None:
        return
    left = datetime.fromisoformat(since) + settled - clock.now()
    if left > timedelta(0):
        minutes = -(-left // timedelta(minutes=1))
        raise KeyRefused(
            f"the new key seals since {since}; a key of before may be retired in {minutes} minutes"
        )


def _change(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(file.parent):
        known = _read(file)
        change(known)
        write_private(file, _text(known))


def _read(file: Path) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return known


def _prepared(known: dict[str, Any]) -> str | None:
    return known.get("prepared")


def _entry(key: FieldKey) -> dict[str, str]:
    return {
        "id": key.id,
        "algorithm": key.algorithm.value,
        "secret": key.secret.hex(),
        "made_at": _now(),
    }


def _text(known: dict[str, Any]) -> str:
    return json.dumps(known, indent=1)


def _now() -> str:
    return clock.now().isoformat()
