"""Bytes and rows that a city's months add: measured in a small city, computed for years and places.

    python -m benchmarks.growth [--small] [--json] [--people N] [--months N]

A small city of 35 insured people a unit plays some months through the product's own doors over HTTP,
durable: files handed in, audited, billed, paid by tax lines, people credited, pensions paid, all of
it booked, on an embedded server. The first month is not counted: it fills tables that were empty.
Rows and bytes of each table are read from the catalogue, and the log's bytes; then the product's own
backup and restore are timed: a dump, and a copy of the server's files with its log. Years and larger places are sums on paper.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import typer

from benchmarks._bench import AsJson, Small, describe
from benchmarks._city import a_city
from benchmarks.growth import catalogue, copies, paper
from benchmarks.growth.catalogue import Reading
from benchmarks.growth.copies import Copy
from benchmarks.growth.paper import CITY, PLACES, YEARS, Cause, Place, Rate
from benchmarks.growth.town import town
from shared.period import Period
from shared.process.settings import Settings

PEOPLE, MONTHS = 42_000, 3
FIRST = Period(2021, 7)
SMALL = 4
LARGEST = 12


async def play(played: Place, months: int) -> dict[str, Any]:
    """Play the months, read the tables after each, copy the installation; report."""
    city = a_city(played.people, played.units)
    readings: list[Reading] = []
    with tempfile.TemporaryDirectory(prefix="wuxian-bench-") as directory:
        os.chmod(directory, 0o755)  # the servers' own account has to pass when root measures
        home = Path(directory) / "home"
        settings = Settings(
            home=home, sandbox_districts=tuple(district.code for district in city.districts)
        )
        async with town(settings, city, played.pensioners) as running:
            conditions = await describe(running.admin_url)
            print("\n".join(conditions))
            readings.append(await catalogue.read(running.admin_url))
            for number in range(months):
                await running.play(FIRST.plus(number))
                readings.append(await catalogue.read(running.admin_url))
            dump, files = [
                await asyncio.to_thread(
                    made, home, readings[-1].database_bytes, Path(directory) / made.__name__
                )
                for made in (copies.dump, copies.files)
            ]
            print(f"{dump.line()}\n{files.line()}", flush=True)
            kept = await catalogue.kept_days(running.admin_url)
            stages = running.months[-1]
    found = report(played, readings, dump, kept, {name: s.seconds for name, s in stages.items()})
    return found | {
        "backups": [one.as_json() for one in (dump, files)],
        "wal_of_stages": {name: stage.wal_bytes for name, stage in stages.items()},
        "conditions": conditions,
        "verified": all(one.verified for one in (dump, files)),
    }


def report(
    played: Place,
    readings: list[Reading],
    dump: Copy,
    kept: dict[str, int],
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Print what was measured and what follows on paper; the object of `--json`."""
    months = len(readings) - 2
    grown = catalogue.growth(readings[1], readings[-1])
    found = paper.rates(grown, months, played, kept)
    opening = [
        rate
        for rate in paper.rates(readings[0].sizes, 1, played, {})
        if rate.cause is not Cause.DISTRICT and rate.rows
    ]
    restore = paper.restore_seconds_per_gib(dump)
    wal = (readings[-1].wal_bytes - readings[1].wal_bytes) / months
    vouchers = grown["ledger.voucher"].rows / months
    voucher = paper.bytes_per_voucher(grown)
    print(f"\nmeasured: a month of {played.people:,} people, {played.units:,} units and")
    print(f"{played.pensioners:,} pensioners, the mean of {months} after the first")
    causes = _print_rates(found, played)
    print(f"a voucher: {voucher:,.0f} bytes in the ledger's schema without personal accounts;")
    print(f"{vouchers:,.0f} vouchers a month; log {wal / 2**20:,.0f} MiB a month,")
    print(f"{wal / played.units:,.0f} bytes a unit-month with its people and pensioners")
    print(f"restore of a dump: {restore:.0f} s a GiB of database")
    computed = _print_paper(found, opening, restore, sum(seconds.values()) / played.people)
    return {
        "people": played.people,
        "units": played.units,
        "pensioners": played.pensioners,
        "months": months,
        "bytes_per_month": round(sum(size.bytes for size in grown.values()) / months),
        "per": {str(cause): parts for cause, parts in causes.items()},
        "tables": {
            f"{rate.table} by {rate.cause}": {
                name: round(getattr(rate, name), 3) for name in ("rows", "heap", "index", "toast")
            }
            for rate in found
        },
        "bytes_per_voucher": round(voucher),
        "vouchers_per_month": round(vouchers),
        "wal_per_unit_month": round(wal / played.units),
        "restore_seconds_per_gib": round(restore, 1),
        "month_seconds": {name: round(spent, 2) for name, spent in seconds.items()},
        "computed": computed,
    }


def _print_rates(found: list[Rate], played: Place) -> dict[Cause, dict[str, float]]:
    print(f"{'table':<36}{'by the':<16}{'rows':>8}{'heap':>9}{'index':>9}{'toast':>8}   kept")
    for rate in found[:LARGEST]:
        kept = f"{rate.kept_days} days" if rate.kept_days else "always"
        print(
            f"{rate.table:<36}{rate.cause:<16}{rate.rows:>8.2f}{rate.heap:>9.1f}"
            f"{rate.index:>9.1f}{rate.toast:>8.1f}   {kept}"
        )
    causes = {}
    for cause, (rows, heap, index, toast) in paper.per_cause(found).items():
        whole = heap + index + toast
        share = whole * played.count(cause) / sum(r.bytes * played.count(r.cause) for r in found)
        print(
            f"{'all tables':<36}{cause:<16}{rows:>8.2f}{heap:>9.1f}{index:>9.1f}{toast:>8.1f}   "
            f"{whole:,.0f} bytes, {share:.0%} of the month"
        )
        causes[cause] = {
            "rows": round(rows, 2),
            "heap": round(heap, 1),
            "index": round(index, 1),
            "toast": round(toast, 1),
            "bytes": round(whole, 1),
        }
    return causes


def _print_paper(
    found: list[Rate], opening: list[Rate], restore: float, seconds_per_person: float
) -> list[dict[str, Any]]:
    """Print the sums for years and places; a cell's restore and month, not the country's."""
    print("\ncomputed, not measured: the months above, added up; a database's restore and month")
    print(f"{'place':<20}{'years':>6}{'GiB':>12}{'restore h':>11}{'month h':>9}   most rows")
    computed = []
    for place in PLACES:
        for years in YEARS:
            size = paper.size_after(years, place, found, opening)
            hours = restore * size / place.cells / paper.GIB / 3600
            window = seconds_per_person * place.people / place.cells / 3600
            rows = paper.rows_after(years, place, found)
            named = ", ".join(f"{table} {count:.3g}" for table, count in list(rows.items())[:2])
            print(
                f"{place.name:<20}{years:>6}{size / paper.GIB:>12,.1f}{hours:>11,.1f}"
                f"{window:>9.2f}   {named}"
            )
            computed.append(
                {
                    "place": place.name,
                    "years": years,
                    "gib": round(size / paper.GIB, 1),
                    "restore_hours": round(hours, 2),
                    "month_hours": round(window, 2),
                    "rows": {table: round(count) for table, count in rows.items()},
                }
            )
    return computed


def main(
    small: Small = False,
    as_json: AsJson = False,
    people: int | None = None,
    months: int = MONTHS,
) -> None:
    """Play, measure, compute; fail when a restored copy does not verify."""
    count = people or PEOPLE // (SMALL if small else 1)
    units = max(16, count * CITY.units // CITY.people)
    played = Place("played", count, units, count * CITY.pensioners // CITY.people, 16)
    if months < 2:
        raise SystemExit("the first month is not counted: play two at least")
    result = asyncio.run(play(played, months))
    print(f"restored copies verified: {result['verified']}")
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    raise SystemExit(0 if result["verified"] else 1)


if __name__ == "__main__":
    typer.run(main)
