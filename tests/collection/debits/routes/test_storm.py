"""A storm: the bank's answers late, twice, out of order, in JSON and in files, with replies lost on
the way and the service's process killed in the middle of requests. The end is that of the orderly
run. `WUXIAN_STORM_SEEDS` plays more seeds, up to 25."""

import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import httpx
import pytest

from shared.money import format_yuan
from tests.collection.debits.routes.conftest import DebitDesk
from tests.collection.support.doors.mortal import Mortal, Storm, mortal_collection
from tests.collection.support.money import TOTAL_FEN, connect, owe
from tests.conftest import SettingsFor

BANK = "ccb"
TOTAL = format_yuan(TOTAL_FEN)
LINES = 30
PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"
CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
STATUS = {"settled": "ACSC", "refused": "RJCT", "unknown": "PDNG"}


@dataclass(frozen=True)
class Event:
    """One answer of the bank about one line."""

    line: int
    outcome: str
    day: str
    serial: str

    def json(self) -> dict[str, Any]:
        reason = {"reason_code": "AM04"} if self.outcome == "refused" else {}
        return {
            "line": self.line,
            "outcome": self.outcome,
            "bank_serial": self.serial,
            "amount": TOTAL,
            "value_date": self.day,
        } | reason


def events_of(seed: int, period: str, mark: str) -> list[list[Event]]:
    """Answers of the bank about each line, in the order in which they happened."""
    chance = random.Random(seed)
    told = []
    for line in range(1, LINES + 1):
        serial, first, later = f"{mark}{line}", f"{period}-28", f"{period}-29"
        settled = Event(line, "settled", first, serial)
        story = [settled]
        match chance.randrange(6):
            case 0:
                story = [Event(line, "refused", first, serial)]
            case 1:
                story = [Event(line, "unknown", first, serial), settled]
            case 2:
                story = [settled, Event(line, "returned", later, serial)]
            case 3:
                story = [Event(line, "unknown", first, serial)]
        told.append(story)
    return told


def pain(made: Any, events: list[Event]) -> bytes:
    lines = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{made['file_no']}-{one.line}</OrgnlEndToEndId>"
        f"<TxSts>{STATUS[one.outcome]}</TxSts>"
        + ("<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>" if one.outcome == "refused" else "")
        + f"<AccptncDtTm>{one.day}T08:00:00</AccptncDtTm><AcctSvcrRef>{one.serial}</AcctSvcrRef>"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{TOTAL}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
        for one in events
    )
    return (
        f'<Document xmlns="{PAIN}"><CstmrPmtStsRpt><GrpHdr><MsgId>A</MsgId>'
        f"<CreDtTm>{events[0].day}T08:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>x"
        "</OrgnlMsgId><OrgnlMsgNmId>pain.008</OrgnlMsgNmId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
        f"<OrgnlPmtInfId>x</OrgnlPmtInfId>{lines}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def camt(made: Any, events: list[Event]) -> bytes:
    entries = "".join(
        f'<Ntry><Amt Ccy="CNY">{TOTAL}</Amt>'
        f"<CdtDbtInd>{'CRDT' if one.outcome == 'settled' else 'DBIT'}</CdtDbtInd>"
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{one.day}</Dt></BookgDt><BkTxCd/><NtryDtls><TxDtls>"
        f"<Refs><AcctSvcrRef>{one.serial}</AcctSvcrRef>"
        f"<EndToEndId>{made['file_no']}-{one.line}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
        for one in events
    )
    return (
        f'<Document xmlns="{CAMT}"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N</MsgId>'
        f"<CreDtTm>{events[0].day}T08:00:00</CreDtTm></GrpHdr><Ntfctn><Id>1</Id>"
        f"<Acct><Id><Othr><Id>1100</Id></Othr></Id></Acct>{entries}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


async def tell(desk: DebitDesk, made: Any, events: list[Event], way: str, key: str) -> None:
    """Send answers, and once more under the same key, as if the reply had been lost."""
    outcomes = {one.outcome for one in events}
    if way == "camt" and outcomes <= {"settled", "returned"}:
        path, body = f"/v1/bank-files?bank={BANK}", camt(made, events)
    elif way == "pain" and "returned" not in outcomes:
        path, body = f"/v1/bank-files?bank={BANK}", pain(made, events)
    else:
        path = "/v1/debit-results"
        body = {"batch": made["id"], "results": [one.json() for one in events]}  # type: ignore[assignment]
    first = await desk.done("bank_gateway", path, body, key=key)
    assert await desk.done("bank_gateway", path, body, key=key) == first
    assert first["rejected"] == []


async def prepared(desk: DebitDesk, period: str) -> Any:
    owed = await owe(desk.url, count=LINES, collector="bank_debit", period=period, bank=False)
    for one in owed:
        await desk.agree(one.credit_code, bank=BANK)
    return await desk.batch(period, bank=BANK)


async def ended(desk: DebitDesk, made: Any, period: str) -> dict[str, Any]:
    """State of a batch and its bills, in words that two runs share."""
    head = await desk.get("supervisor", f"/v1/debit-batches/{made['id']}")
    lines = await desk.get("bank_gateway", f"/v1/debit-batches/{made['id']}/lines", limit=500)
    db = await connect(desk.url)
    try:
        bills = await db.fetch(
            "SELECT line.line_no, bill.status, bill.settled_fen, receipt.amount_fen,"
            "       receipt.paid_on - $2::date AS paid"
            "  FROM debit_line AS line"
            "  JOIN bill ON bill.unit_id = line.unit_id AND bill.id = line.bill_id"
            "  LEFT JOIN receipt ON receipt.credit_code = line.credit_code"
            " WHERE line.period = $1 ORDER BY line.line_no",
            period,
            date.fromisoformat(f"{period}-28"),
        )
    finally:
        await db.close()
    names = ("status", "control", "settled", "refused", "returned", "waiting")
    return {
        "head": {name: head[name] for name in names},
        "lines": [(one["line"], one["status"], one["returned"]) for one in lines["items"]],
        "bills": [tuple(row) for row in bills],
    }


@pytest.fixture(scope="module")
async def collection(
    settings_for: SettingsFor, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Mortal, str]]:
    """Collection in a process of its own, with its address."""
    async with mortal_collection(settings_for(), tmp_path_factory.mktemp("mortal")) as found:
        yield found


@pytest.mark.parametrize("seed", range(int(os.environ.get("WUXIAN_STORM_SEEDS", "2"))))
async def test_a_storm_ends_as_the_orderly_run(
    desk: DebitDesk, collection: tuple[Mortal, str], seed: int
) -> None:
    year, month = 2021 + seed % 5, 3 + 2 * (seed // 5)
    orderly, stormy = f"{year}-{month:02d}", f"{year}-{month + 1:02d}"
    made = await prepared(desk, orderly)
    for number, story in enumerate(events_of(seed, orderly, f"O{seed}-")):
        for place, event in enumerate(story):
            await tell(desk, made, [event], "json", f"o-{seed}-{number}-{place}")
    expected = await ended(desk, made, orderly)

    made = await prepared(desk, stormy)
    mortal, address = collection
    before = mortal.kills
    async with httpx.AsyncClient(
        transport=Storm(mortal, seed, share=0.15), base_url=address, timeout=60
    ) as client:
        await storm(replace(desk, client=client), made, seed, stormy)
    assert mortal.kills > before
    assert await ended(desk, made, stormy) == expected


async def storm(desk: DebitDesk, made: Any, seed: int, period: str) -> None:
    """Send every answer, half of them twice, in pieces of all forms and in any order."""
    chance = random.Random(f"storm {seed}")
    events = [one for story in events_of(seed, period, f"S{seed}-") for one in story]
    events += chance.sample(events, len(events) // 2)
    chance.shuffle(events)
    number = 0
    while events:
        piece = [events.pop() for _ in range(min(len(events), chance.randint(1, 6)))]
        number += 1
        way = chance.choice(["json", "pain", "camt"])
        await tell(desk, made, piece, way, f"s-{seed}-{number}")
