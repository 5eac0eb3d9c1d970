"""Dated changes give the same register and the same levy of every month in any order of arrival.

A door may refuse an event that comes too early (a person who has not joined cannot leave); the test
sends it again after the others. Changes of one fact are sent in the order of their days, as required.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.collection.register.domain.person import id_of_person
from shared.ids import unit_key
from shared.period import Period
from shared.security.identity import Identity
from tests.collection.support.office import Office, a_declaration, a_person

PERIODS = ("2021-03", "2021-06", "2021-08")
FIRST = date(2021, 1, 1)
WAGES = ("3000.00", "6500.00", "26000.00", "8123.45")
PORTAL = "employer_portal"
FACTS: dict[str, tuple[Any, ...]] = {
    "kind": ("institution", "enterprise"),
    "injury_class": (3, 8),
    "district": ("nankai", "binhai"),
}


@dataclass(frozen=True)
class Event:
    """An event on a day; `who` are people by number, `to` is a unit or the value of a fact."""

    what: str
    unit: int
    day: date
    who: tuple[int, ...] = ()
    to: Any = None


days = st.integers(0, 250).map(lambda number: FIRST + timedelta(number))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw consistent events: nobody is at one unit twice, a block moves people of the unit."""
    events: list[Event] = []
    block_day = FIRST + timedelta(draw(st.integers(61, 250)))
    block: list[int] = []
    for person in range(draw(st.integers(1, len(WAGES)))):
        joined = draw(days)
        first = draw(st.integers(0, 1))
        events.append(Event("join", first, joined, (person,)))
        moves_with_others = first == 0 and joined < block_day
        how = draw(st.sampled_from(["block"] * moves_with_others + ["leave", "move", "stay"]))
        if how == "block":
            block.append(person)
            if draw(st.booleans()):
                events.append(Event("leave", 1, block_day + timedelta(30), (person,)))
        elif how != "stay":
            left = joined + timedelta(draw(st.integers(0, 90)))
            events.append(Event("leave", first, left, (person,)))
            if how == "move":
                events.append(Event("join", 1 - first, left + timedelta(1), (person,)))
    if block:
        events.append(Event("block", 0, block_day, tuple(block)))
    for unit in (0, 1):
        for fact, values in FACTS.items():
            count = draw(st.integers(0, len(values)))
            changed_on = sorted(draw(st.lists(days, min_size=count, max_size=count, unique=True)))
            events += [
                Event(f"fact {fact}", unit, day, to=value)
                for day, value in zip(changed_on, values, strict=False)
            ]
    return events


A_SPLIT = [
    Event("join", 0, date(2021, 1, 4), (0,)),
    Event("join", 0, date(2021, 3, 1), (1,)),
    Event("join", 1, date(2021, 2, 1), (2,)),
    Event("fact injury_class", 0, date(2021, 2, 1), to=3),
    Event("block", 0, date(2021, 6, 1), (0, 1)),
    Event("fact kind", 1, date(2021, 6, 1), to="institution"),
    Event("leave", 1, date(2021, 7, 1), (1,)),
    Event("fact injury_class", 0, date(2021, 7, 1), to=8),
    Event("fact district", 1, date(2021, 8, 1), to="nankai"),
]
"""A unit is split: two of its people move to another unit as a block."""


def in_another_order(events: Sequence[Event], random: Random) -> list[Event]:
    """Shuffle events; changes of one fact of one unit stay in the order of their days."""
    shuffled = list(events)
    random.shuffle(shuffled)
    waiting = {
        key: iter(sorted((e for e in events if (e.what, e.unit) == key), key=lambda e: e.day))
        for key in {(e.what, e.unit) for e in events if e.what.startswith("fact")}
    }
    return [next(waiting.get((e.what, e.unit), iter([e]))) for e in shuffled]


class World:
    """Two units and some people to whom the events happen."""

    def __init__(self, office: Office, codes: list[str]) -> None:
        self.office = office
        self.codes = codes
        self.people = [a_person(wage) for wage in WAGES]

    @classmethod
    async def made(cls, office: Office) -> World:
        """Create a world with new units and people."""
        return cls(office, [await office.unit() for _ in range(2)])

    async def live(self, events: Sequence[Event]) -> None:
        """Send events; send refused ones again after the others until all are accepted."""
        waiting = list(events)
        while waiting:
            refused = [(e, answer) for e in waiting if (answer := await self._send(e)) is not None]
            assert len(refused) < len(waiting), [(e, answer.text) for e, answer in refused]
            waiting = [event for event, _ in refused]

    async def _send(self, event: Event) -> httpx.Response | None:
        """Send one event; return the answer if it was refused."""
        path, body = self._request(event)
        answer = await self.office.post(PORTAL, path, body)
        if not answer.is_success:
            return answer
        if answer.json().get("status") != "proposed":
            return None
        found = answer.json()
        path = f"/v1/changes/{found['id']}/approvals"
        where = found["decided_in"]
        approved = await self.office.post("district_reviewer", path, district=where)
        if approved.is_success:
            return None
        raise AssertionError(approved.text)

    def _request(self, event: Event) -> tuple[str, dict[str, Any]]:
        code, day = self.codes[event.unit], event.day.isoformat()
        numbers = [self.people[number]["identity_number"] for number in event.who]
        match event.what:
            case "join":
                people = [{"identity_number": n, "name": "张三", "joined_on": day} for n in numbers]
                return f"/v1/units/{code}/enrolments", {"people": people}
            case "leave":
                people = [{"identity_number": n, "left_on": day} for n in numbers]
                return f"/v1/units/{code}/departures", {"people": people}
            case "block":
                return "/v1/block-transfers", {
                    "credit_code": code,
                    "to": self.codes[1],
                    "effective_on": day,
                    "reason": "分立",
                    "people": numbers,
                }
        fact = event.what.removeprefix("fact ")
        body = {"facts": {fact: event.to}, "effective_on": day, "reason": "变更"}
        return f"/v1/units/{code}/changes", body

    async def register(self, pepper: bytes) -> list[Any]:
        """Read the enrolments of each unit and the unit's present facts."""
        number_of = {
            id_of_person(person["identity_number"], pepper): number
            for number, person in enumerate(self.people)
        }
        found: list[Any] = []
        for code in self.codes:
            rows = await self.office.fetch(
                "SELECT person_id, joined_on, left_on FROM enrolment WHERE unit_id = $1",
                unit_key(code),
            )
            held = sorted((number_of[row[0]], row[1], row[2] or date.max) for row in rows)
            unit = (await self.office.get("supervisor", f"/v1/units/{code}")).json()
            found.append((held, unit["kind"], unit["injury_class"], unit["district"]))
        return found

    async def levied(self, register: list[Any]) -> dict[tuple[int, str], Any]:
        """Declare each month with everybody enrolled; return its lines and totals."""
        found = {}
        for period in PERIODS:
            month = Period.parse(period)
            for number, (held, *_) in enumerate(register):
                enrolled = [
                    self.people[person]
                    for person, joined, left in held
                    if joined <= month.last_day and left >= month.first_day
                ]
                if not enrolled:
                    continue
                body = a_declaration(self.codes[number], enrolled, period=period)
                answer = await self.office.post(PORTAL, "/v1/declarations", body)
                assert answer.status_code == 201, answer.text
                found[number, period] = (answer.json()["lines"], answer.json()["totals"])
        return found


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories(), st.randoms(use_true_random=False))
@example(A_SPLIT, Random(3))
async def test_the_order_of_change_events_does_not_matter(
    office: Office, identity: Identity, events: list[Event], random: Random
) -> None:
    one, other = await World.made(office), await World.made(office)
    await one.live(events)
    await other.live(in_another_order(events, random))
    register = await one.register(identity.pepper)
    assert await other.register(identity.pepper) == register
    assert await other.levied(register) == await one.levied(register)


async def test_what_is_compared_tells_worlds_apart(office: Office, identity: Identity) -> None:
    """Check the comparison itself: one day's difference of one event shows in register or levy."""
    joined = Event("join", 0, date(2021, 5, 1), (0,))
    classed = Event("fact injury_class", 0, date(2021, 6, 1), to=8)
    later = Event("fact injury_class", 0, date(2021, 6, 2), to=8)
    one, other = await World.made(office), await World.made(office)
    await one.live([joined, classed])
    await other.live([later, joined])
    register = await one.register(identity.pepper)
    assert await other.register(identity.pepper) == register
    assert await other.levied(register) != await one.levied(register)
