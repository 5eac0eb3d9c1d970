"""A storm of pushes ends where the orderly ones end: lines cut apart, doubled, mixed up, in both forms,
with the service's process killed in the middle of requests. `WUXIAN_STORM_SEEDS` plays more seeds."""

import os
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.collection.support.doors.mortal import Mortal, Storm, mortal_collection
from tests.collection.support.doors.push_file import announced, ended, ndjson, sent
from tests.collection.support.money import (
    ITEMS,
    LINES,
    Owed,
    fetch,
    owe,
    push_of,
    pushed,
    ticket_line,
    ticket_no,
)
from tests.collection.support.office import Office
from tests.conftest import SettingsFor

UNITS, PERIODS = 3, ("2021-05", "2021-06")


def city(random: random.Random, owed: Sequence[Owed]) -> list[dict[str, Any]]:
    """Lines of tickets for every bill: too little, enough, too much, and some of it given back."""
    lines = []
    for bill in owed:
        for _ in range(random.randint(1, 2)):
            ticket = ticket_no()
            for number, (item, line) in enumerate(zip(ITEMS, LINES, strict=True), 1):
                fen = line[-1] * random.choice([40, 60, 100]) // 100
                made = ticket_line(ticket, number, item, bill.credit_code, fen, period=bill.period)
                lines.append(made)
                if random.random() < 0.2:
                    back = {"serial": ticket, "line": number, "reason": "误收"}
                    given = ticket_line(
                        ticket_no(), 1, item, bill.credit_code, -(fen // 2), refund_of=back
                    )
                    lines.append(given | {"period": bill.period})
    return lines


async def end_of(url: str, owed: Sequence[Owed]) -> list[tuple[Any, ...]]:
    """The settled amount of every line, and the suspense of every unit."""
    lines = await fetch(
        url,
        "SELECT wanted.place, line.line_no, line.settled_fen"
        " FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)"
        " JOIN bill_line AS line ON line.bill_id = wanted.id ORDER BY 1, 2",
        [one.bill_id for one in owed],
    )
    suspense = await fetch(
        url,
        "SELECT wanted.place, sum(coalesce(amount, 0))::bigint AS fen"
        " FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (unit_id, place)"
        " LEFT JOIN LATERAL (SELECT suspense.amount_fen - matched_fen AS amount FROM suspense"
        "   JOIN receipt ON receipt.id = receipt_id WHERE receipt.unit_id = wanted.unit_id)"
        " AS held ON true GROUP BY 1 ORDER BY 1",
        [one.unit_id for one in owed[:UNITS]],
    )
    return [tuple(row.values()) for row in (*lines, *suspense)]


async def bills_of(url: str) -> list[Owed]:
    """Units with a bill of each period."""
    first = await owe(url, count=UNITS, period=PERIODS[0])
    codes = [one.credit_code for one in first]
    return [*first, *await owe(url, codes=codes, period=PERIODS[1])]


def renamed(
    lines: Sequence[dict[str, Any]], of: Sequence[Owed], to: Sequence[Owed]
) -> list[dict[str, Any]]:
    """The same lines for other units, under other ticket numbers."""
    codes = {one.credit_code: other.credit_code for one, other in zip(of, to, strict=True)}
    tickets: dict[str, str] = {}
    found = []
    for line in lines:
        new = line | {
            "serial": tickets.setdefault(line["serial"], ticket_no()),
            "credit_code": codes[line["credit_code"]],
        }
        if "refund_of" in line:
            back = line["refund_of"]
            original = tickets.setdefault(back["serial"], ticket_no())
            new["refund_of"] = back | {"serial": original}
        found.append(new)
    return found


@pytest.fixture(scope="module")
async def collection(
    settings_for: SettingsFor, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Mortal, str]]:
    """Collection in a process of its own, with its address."""
    async with mortal_collection(settings_for(), tmp_path_factory.mktemp("mortal")) as found:
        yield found


@pytest.mark.parametrize("seed", range(int(os.environ.get("WUXIAN_STORM_SEEDS", "2"))))
async def test_a_storm_ends_as_the_orderly_pushes_end(
    office: Office, collection: tuple[Mortal, str], database_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    api: httpx.AsyncClient = office.api
    orderly, stormy = await bills_of(database_url), await bills_of(database_url)
    lines = city(chance, orderly)
    await pushed(api, office.bearer, push_of(lines))
    mortal, address = collection
    before = mortal.kills
    async with httpx.AsyncClient(
        transport=Storm(mortal, seed, share=0.2), base_url=address, timeout=60
    ) as client:
        await storm(office, client, renamed(lines, orderly, stormy), chance)
    assert mortal.kills > before
    assert await end_of(database_url, stormy) == await end_of(database_url, orderly)
    known = await fetch(
        database_url,
        "SELECT count(*) AS lines FROM tax_line WHERE payer = ANY($1)",
        [one.credit_code for one in stormy],
    )
    assert known == [{"lines": len(lines)}]


async def storm(
    office: Office, client: httpx.AsyncClient, lines: list[dict[str, Any]], chance: random.Random
) -> None:
    """Push lines, some twice, in pieces of both forms and in any order."""
    again = [line for line in lines for _ in range(chance.choice([1, 1, 2]))]
    chance.shuffle(again)
    while again:
        size = chance.randint(1, 12)
        some, again = again[:size], again[size:]
        if chance.random() < 0.4:
            answer = await sent(replace(office, api=client), ndjson(some), announced(some))
            await ended(office, answer)
        else:
            await pushed(client, office.bearer, push_of(some))
