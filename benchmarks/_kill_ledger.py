"""Senders that post while processes are killed, and a judge of what is left in the books.

Senders do what senders do: no answer, ask again by the same id. Some never ask again. Afterwards
every acknowledged voucher must be booked exactly once, at the place that was acknowledged; what was
never acknowledged must be there wholly or not at all; and the tests' oracle must come to the same
balances.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks._http import Wire, post
from services.ledger.chain.store import verify as verify_store
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.voucher import Draft
from services.ledger.reports.store.balance import sums
from shared.money import format_yuan
from tests.ledger.support.oracle import Move, Oracle

DAY = "2021-07-15"
UNITS = 40
FUNDS = ("pension", "medical")
CAPITAL_FEN = 40_000
"""The fen that each fund sets aside to spend: payments meet the end of their hold after a while."""
BENEFITS = {"pension": "benefit.basic_pension", "medical": "benefit.hospital"}
ABANDONED = 0.15
"""Share of unanswered requests that are never repeated."""

Place = tuple[int, int, str]
"""(slot, sequence number, hash)."""


@dataclass(frozen=True)
class Tokens:
    """Tokens of the two services: each kind of voucher has its sender."""

    collection: str
    payout: str


@dataclass
class Diary:
    """The senders' requests and the answers they got."""

    holds: dict[str, str] = field(default_factory=dict)
    """Fund → the hold of its capital."""
    moves: dict[str, Move] = field(default_factory=dict)
    booked: dict[str, Place] = field(default_factory=dict)
    """Event → the place that was acknowledged."""
    refused: dict[str, str] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    """Events whose sender gave up without an answer."""
    together: list[tuple[str, ...]] = field(default_factory=list)
    """Events that were sent all or none."""
    contradictions: list[str] = field(default_factory=list)
    answers: int = 0
    repeats: int = 0

    def note(self, event: str, result: dict[str, Any]) -> None:
        """Write down the answer to one voucher."""
        self.answers += 1
        if result["outcome"] == "refused":
            self.refused[event] = result["problem"]["code"]
            return
        place = (result["slot"], result["seq"], result["hash"])
        if self.booked.setdefault(event, place) != place:
            self.contradictions.append(f"{event}: {self.booked[event]}, then {place}")


class Sender:
    """One client: one request at a time, until it is told to stop."""

    def __init__(
        self, number: int, ports: Sequence[int], tokens: Tokens, diary: Diary, seed: int
    ) -> None:
        self.number, self.ports, self.tokens, self.diary = number, ports, tokens, diary
        self.random = random.Random(seed * 1000 + number)
        self.sent = 0
        self._wire: Wire | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop; a request under way is brought to its end."""
        while not stop.is_set():
            await self._one()
            await asyncio.sleep(self.random.random() * 0.01)

    async def _one(self) -> None:
        how = self.random.random()
        if how < 0.6:
            await self._ask([self._receipt()], batch=False)
        elif how < 0.75:
            count = self.random.randint(2, 12)
            await self._ask([self._receipt() for _ in range(count)])
        elif how < 0.85:
            owner = f"UNIT-{self.random.randrange(UNITS)}"
            bodies = [self._receipt(owner) for _ in range(self.random.randint(2, 6))]
            self.diary.together.append(tuple(body["event_id"] for body in bodies))
            await self._ask(bodies, atomic=True)
        else:
            await self._ask([self._payment()], self.tokens.payout, batch=False)

    def _receipt(self, owner: str | None = None) -> dict[str, Any]:
        fund = self.random.choice(FUNDS)
        move = (
            fund,
            "income_deposit",
            "contribution_income.pooled",
            "heping",
            self.random.randint(1, 999),
        )
        return self._body("receipt", owner or f"UNIT-{self.random.randrange(UNITS)}", move)

    def _payment(self) -> dict[str, Any]:
        fund = self.random.choice(FUNDS)
        move = (fund, BENEFITS[fund], "expenditure_deposit", "centre", self.random.randint(1, 999))
        return self._body("payment", "centre", move) | {"hold": self.diary.holds[fund]}

    def _body(self, kind: str, owner: str, move: Move) -> dict[str, Any]:
        self.sent += 1
        event = f"{self.number}:{self.sent}"
        self.diary.moves[event] = move
        fund, debit, credit, district, fen = move
        entries = [
            {
                "book": "statutory",
                "fund": fund,
                "account": account,
                "side": side,
                "amount": format_yuan(fen),
                "district": district,
            }
            for side, account in (("debit", debit), ("credit", credit))
        ]
        return {
            "event_id": event,
            "owner": owner,
            "kind": kind,
            "book_date": DAY,
            "summary": "s",
            "entries": entries,
        }

    async def _ask(
        self,
        bodies: list[dict[str, Any]],
        token: str | None = None,
        *,
        batch: bool = True,
        atomic: bool = False,
    ) -> None:
        events = [body["event_id"] for body in bodies]
        path = "/v1/voucher-batches" if batch else "/v1/vouchers"
        content = {"vouchers": bodies, "atomic": atomic} if batch else bodies[0]
        request = post(path, token or self.tokens.collection, orjson.dumps(content))
        for turn in range(2 if self.random.random() < 0.1 else 1):
            answer = await self._until_answered(request)
            if answer is None:
                if turn == 0:
                    self.diary.unanswered.update(events)
                return
            self.diary.repeats += turn
            for event, result in zip(events, answer, strict=True):
                self.diary.note(event, result)

    async def _until_answered(self, request: bytes) -> list[dict[str, Any]] | None:
        while True:
            try:
                status, body = await self._send(request)
            except OSError:
                status, body = 503, b""
            if status != 503:
                content = orjson.loads(body)
                if status < 300:
                    return list(content["results"]) if "results" in content else [content]
                return [{"outcome": "refused", "problem": content}]
            if self.random.random() < ABANDONED:
                return None
            await asyncio.sleep(0.05 + self.random.random() * 0.1)

    async def _send(self, request: bytes) -> tuple[int, bytes]:
        if self._wire is None:
            self._wire = await Wire.open("127.0.0.1", self.random.choice(self.ports))
        try:
            return await asyncio.wait_for(self._wire.ask(request), 30)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            with suppress(OSError):
                self._wire.close()
            self._wire = None


@dataclass
class Judgement:
    """Faults found by comparing the books with the senders' answers; none: all is well."""

    vouchers: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    unanswered_but_booked: int = 0
    faults: list[str] = field(default_factory=list)


async def judge(tx: AsyncConnection, slots: int, diary: Diary) -> Judgement:
    """Compare the books with the senders' diary and with the oracle, voucher by voucher."""
    found = Judgement(acknowledged=len(diary.booked), unanswered=len(diary.unanswered))
    found.faults += diary.contradictions
    oracle, seen = Oracle(), Counter[str]()
    oracle.holds = {hold: [fund, CAPITAL_FEN, CAPITAL_FEN] for fund, hold in diary.holds.items()}
    for slot in range(slots):
        async for seq, draft, _, hash, _ in verify_store.chain(tx, slot):
            found.vouchers += 1
            seen[draft.event_id] += 1
            found.faults += _misplaced(diary, draft, (slot, seq, hash.hex()))
            answer = oracle.post(draft.event_id, list(_moves(draft)), draft.hold)
            if answer != "posted":
                found.faults.append(f"the oracle would not post {draft.event_id}: {answer}")
    found.faults += [f"{event} is booked {n} times" for event, n in seen.items() if n > 1]
    found.faults += [
        f"{event} was acknowledged and is lost" for event in diary.booked if event not in seen
    ]
    found.faults += [
        f"{event} was refused and is booked" for event in diary.refused if event in seen
    ]
    for events in diary.together:
        if len({event in seen for event in events}) > 1:
            found.faults.append(f"only a part of {events} is booked")
    found.unanswered_but_booked = sum(event in seen for event in diary.unanswered)
    found.faults += await _balances(tx, oracle)
    return found


def _misplaced(diary: Diary, draft: Draft, place: Place) -> Iterator[str]:
    sent = diary.moves.get(draft.event_id)
    if sent is None:
        return  # the settlements that came before the load
    if list(_moves(draft)) != [sent]:
        yield f"{draft.event_id} is not what was asked"
    if diary.booked.get(draft.event_id, place) != place:
        yield f"{draft.event_id} stands at {place}, not where it was acknowledged"
    if draft.event_id not in diary.booked and draft.event_id not in diary.unanswered:
        yield f"{draft.event_id} is booked and its sender was told otherwise"


def _moves(draft: Draft) -> Iterator[Move]:
    lines: Sequence[Line] = draft.lines
    for debit, credit in zip(lines[::2], lines[1::2], strict=True):
        yield (debit.fund, debit.account, credit.account, debit.district, debit.debit_fen)


async def _balances(tx: AsyncConnection, oracle: Oracle) -> list[str]:
    books = Counter[tuple[str, str]]()
    for row in await sums(tx, as_of=date.max):
        books[row.fund, row.account] += row.debit_fen - row.credit_fen
    expected = Counter[tuple[str, str]]()
    for (fund, account, _), fen in oracle.balances.items():
        expected[fund, account] += fen
    return [
        f"{fund}/{account}: books {books[fund, account]} fen, oracle {expected[fund, account]} fen"
        for fund, account in {*books, *expected}
        if books[fund, account] != expected[fund, account]
    ]
