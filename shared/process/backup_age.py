"""The age of the newest backup at each site, for /readyz, the metrics and the doctor.

A site is a directory that holds backups (a mounted volume of another place), or a prefix of an
S3-compatible store. Only the manifest's moment is read; who restores checks the rest.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from prometheus_client import Gauge

from shared import clock
from shared.process import object_store

LOOK_SECONDS = 300.0
AGE = Gauge(
    "wuxian_backup_age_seconds",
    "Age of the newest backup at a site; -1 where there is none",
    ["site"],
    multiprocess_mode="mostrecent",
)


def newest_at(site: str) -> datetime | None:
    """Return the moment of the newest backup at a site, None where there is none or no answer."""
    try:
        for name in reversed(_names(site)):
            text = _manifest(site, name)
            return datetime.fromisoformat(json.loads(text)["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def _names(site: str) -> list[str]:
    if object_store.is_remote(site):
        return object_store.backups(site)
    return sorted(path.parent.name for path in Path(site).glob("wuxian-*/manifest.json"))


def _manifest(site: str, name: str) -> bytes:
    path = f"{name}/{object_store.MANIFEST}"
    if object_store.is_remote(site):
        return object_store.read(site, path)
    return (Path(site) / path).read_bytes()


def ages(sites: Mapping[str, str]) -> dict[str, float | None]:
    """Return site → seconds since its newest backup, None where there is none."""
    now = clock.now()
    found = {name: newest_at(place) for name, place in sites.items()}
    return {name: (now - at).total_seconds() if at else None for name, at in found.items()}


def warnings(sites: Mapping[str, str], max_age_hours: int) -> dict[str, str]:
    """Return a sentence for each site whose newest backup is too old or missing."""
    said = {}
    for name, age in ages(sites).items():
        if age is None:
            said[f"backup {name}"] = "no backup: run `wuxian backup`"
        elif age > max_age_hours * 3600:
            said[f"backup {name}"] = f"the newest backup is {age / 3600:.0f} hours old"
    return said


async def watch(sites: Mapping[str, str]) -> None:
    """Set the metric every few minutes, until cancelled."""
    while sites:
        for name, age in (await asyncio.to_thread(ages, sites)).items():
            AGE.labels(name).set(-1 if age is None else age)
        await asyncio.sleep(LOOK_SECONDS)
