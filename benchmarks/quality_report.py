"""A city's month checked for data quality: every check over the whole city, with faults sown by rule.

Units, covers and declarations are written straight into the tables; each sown fault is known, so the
report has to count exactly those. Printed: seconds of each reading, and the memory that it took.
`python -m benchmarks.quality_report [--small] [--json]`
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from typing import Any

import typer
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks._bench import AsJson, DatabaseUrl, Small, database, describe, server
from services.collection.common.store import shipped as common_shipped_store
from services.collection.quality.domain.quality import rates_of
from services.collection.quality.flows import report as report_flow
from services.collection.quality.flows.quality import assembled
from shared.db import Database
from shared.period import Period
from shared.roles import Caller, Role

UNITS = 60_000
PEOPLE = 35
PERIOD = Period.parse("2021-07")
CENTRE = Caller(subject="benchmark", role=Role.CENTRE_AUDITOR, district="centre")
SOWN: Mapping[str, int] = {
    "unit_injury_class_missing": 500,
    "unit_account_name_differs": 1_000,
    "account_shared": 3_000,
    "unit_not_declared": 4_000,
}
"""Each so many units has this fault; of shared accounts, that unit and the one after it."""
SHARE = 30
"""The unit's and the person's share, in fen, of every sown insurance."""

_FILL = (
    """
    INSERT INTO unit (unit_id, credit_code, name, kind, district, injury_class, collector, bank)
    SELECT n, 'U' || lpad(CAST(n AS text), 17, '0'), 'unit ' || n, 'enterprise',
           (CAST(:districts AS text[]))[1 + n % cardinality(CAST(:districts AS text[]))],
           CASE WHEN n % :unit_injury_class_missing = 0 THEN NULL ELSE 1 END, 'bank_debit',
           jsonb_build_object(
               'bank', 'b',
               'name', CASE WHEN n % :unit_account_name_differs = 0 THEN 'other' ELSE 'unit ' || n END,
               'number', n - CASE WHEN n % :account_shared = 1 AND n > 1 THEN 1 ELSE 0 END)
      FROM generate_series(1, :units) AS n
    """,
    """
    INSERT INTO enrolment (unit_id, person_id, joined_on, person_uuid, masked_number, masked_name)
    SELECT n, CAST(n AS bigint) * 1000 + k, '2020-01-01', gen_random_uuid(), '1201**********0000', '*'
      FROM generate_series(1, :units) AS n
     CROSS JOIN generate_series(1, :people) AS k
    """,
    """
    INSERT INTO declaration (unit_id, id, credit_code, district, period, status, policy_id,
                             unit_kind, people, wages_fen, unit_fen, personal_fen, total_fen)
    SELECT unit.unit_id, CAST(md5(:period || unit.unit_id) AS uuid), unit.credit_code,
           unit.district, :period, 'billed', policy.id, 'enterprise', :people,
           CAST(:people AS bigint) * 600000,
           CAST(:share AS bigint) * :people * 2, CAST(:share AS bigint) * :people * 2,
           CAST(:share AS bigint) * :people * 4
      FROM unit
     CROSS JOIN (SELECT id FROM policy WHERE pack = 'tianjin-2021') AS policy
     WHERE unit.unit_id % :unit_not_declared <> 0
    """,
    """
    INSERT INTO declaration_people (unit_id, declaration_id, round, first_line, insurances,
                                    person_id, wage_fen, base_fen, unit_fen, personal_fen)
    SELECT head.unit_id, head.id, head.round, k, 5, ARRAY[head.unit_id * 1000 + k],
           ARRAY[600000 + CASE WHEN k = 1 THEN 100 WHEN k = 2 THEN -100 ELSE 0 END],
           '{0,0,0,0,0}',
           ARRAY[CAST(:share AS bigint), :share, 0, 0, 0], ARRAY[CAST(:share AS bigint), :share, 0, 0, 0]
      FROM declaration AS head
     CROSS JOIN generate_series(1, :people) AS k
     WHERE head.period = :period
    """,
    """
    INSERT INTO declaration_levy (unit_id, declaration_id, round, first_line, level, insurance,
                                  party, account, fund, rule, base_fen, amount_fen)
    SELECT head.unit_id, head.id, head.round, 1, ARRAY['people'], ARRAY['pension'], ARRAY['unit'],
           ARRAY['pooled'], ARRAY['pension'], ARRAY['sown'], ARRAY[0], ARRAY[head.total_fen]
      FROM declaration AS head
     WHERE head.period = :period
    """,
    "ANALYZE unit, enrolment, declaration, declaration_people, declaration_levy",
)


async def fill(db: Database, units: int) -> None:
    """A month of a city, and of the month before."""
    districts = sorted(common_shipped_store.districts_of("tianjin"))
    async with db.transaction() as tx:
        for number, sql in enumerate(_FILL):
            periods = [str(PERIOD)] if number in {0, 1, 5} else [str(PERIOD.plus(-1)), str(PERIOD)]
            for period in periods:
                given = {"units": units, "people": PEOPLE, "share": SHARE, **SOWN}
                words = {name: str(number) for name, number in given.items()}
                words |= {"period": f"'{period}'", "districts": f"'{{{','.join(districts)}}}'"}
                await tx.execute(text(_written(sql, words)))


def _written(sql: str, words: Mapping[str, str]) -> str:
    """A statement of the sowing with its figures, all of which are this file's own."""
    for name in sorted(words, key=len, reverse=True):
        sql = sql.replace(f":{name}", words[name])
    return sql


def sown(units: int) -> dict[str, int]:
    """How many of each sown fault there are."""
    every = {check: units // each for check, each in SOWN.items()}
    shared = sum(1 for n in range(2, units + 1) if n % SOWN["account_shared"] == 1)
    return every | {
        "account_shared": 2 * shared,
        "person_not_declared": every["unit_not_declared"] * PEOPLE,
    }


async def reported(db: Database) -> tuple[report_flow.CheckCounts, list[float]]:
    """The report, and the seconds of each reading."""
    row = report_flow.operation_of("tianjin", PERIOD, None, 1, CENTRE)
    marks = [time.perf_counter()]

    async def read(work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        return await db.run(work)

    gathered = await report_flow.gather(row, read, lambda _: marks.append(time.perf_counter()))
    return gathered, [after - before for before, after in pairwise(marks)]


def verify(gathered: report_flow.CheckCounts, units: int) -> None:
    """The report counts what was sown, and nothing else."""
    each, whole = assembled(gathered.checks, gathered.of, gathered.found, None, gathered.reached)
    found = {one.check.id: one.found for one in whole.findings if one.found}
    assert found == {check: count for check, count in sown(units).items() if count}, found
    assert whole.rates == rates_of(whole.findings)
    assert sum(one.findings[0].of for one in each) == whole.findings[0].of == units


async def run(*, small: bool, database_url: str | None) -> dict[str, Any]:
    """Fill, report, verify; the object of `--json`."""
    units = UNITS // 10 if small else UNITS
    async with server(database_url) as url:
        for line in await describe(url):
            print(line)
        print(f"settings: {units * PEOPLE:,} people in {units:,} units, two months declared\n")
        async with database(url, "collection") as fresh:
            db = Database(fresh, "collection", statement_timeout_ms=1_800_000)
            try:
                await fill(db, units)
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                gathered, seconds = await reported(db)
                grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
            finally:
                await db.close()
    names = ["subjects", *(check.id for check in gathered.checks)]
    names += [f"target {target.id}" for target, *_ in gathered.reached]
    for name, took in zip(names, seconds, strict=True):
        print(f"{name:<34} {took:>8.2f} s")
    total = round(sum(seconds), 1)
    print(f"{'whole report':<34} {total:>8.1f} s   memory grown by {grown_mib} MiB")
    verify(gathered, units)
    print(f"verified: the report counts the {sum(sown(units).values()):,} faults sown, no others")
    return {"people": units * PEOPLE, "seconds": total, "grown_mib": grown_mib}


def main(small: Small = False, as_json: AsJson = False, database_url: DatabaseUrl = None) -> None:
    """Measure and print how long the report of data quality takes."""
    result = uvloop.run(run(small=small, database_url=database_url))
    if as_json:
        print(json.dumps(result))


if __name__ == "__main__":
    typer.run(main)
