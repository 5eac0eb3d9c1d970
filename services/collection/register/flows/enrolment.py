"""Enrol people at a unit: first store the sealed persons, then their enrolments.

Persons and enrolments have different shard keys, so this takes two transactions. Storing a person is
safe to repeat and has no effect by itself: a crash between the two leaves nothing to repair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import KeyCollision, RegisterMoved
from services.collection.common.domain.faults import person_repeated
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.register.domain.cover import Cover, CoverInTheWay, enrolled_from
from services.collection.register.domain.person import (
    PersonKey,
    key_of_person,
    masked_name,
    number_fault,
)
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import enrolment_category as enrolment_category_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import block as block_store
from services.collection.register.store import category as category_store
from services.collection.register.store import cover as cover_store
from services.collection.register.store import person as person_store
from services.collection.register.store.person import Enrolment, SealedPerson
from shared.clock import today
from shared.cn import identity_number
from shared.errors import Fault, Faulty
from shared.roles import Caller
from shared.security.field_cipher import FieldCipher
from shared.security.field_keys import FieldKeys

MERGED: Final = ("PERSON_MERGED", "该号码已更正,请用正确号码 (the number was corrected)")


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """A person to be enrolled. Number and name are kept out of logs."""

    identity_number: str = field(repr=False)
    name: str = field(repr=False)
    joined_on: date
    category: str = EMPLOYEE
    choice: str | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Vault:
    """Secrets that protect persons: the pepper of their keys, the ciphers of number and name."""

    pepper: bytes = field(repr=False)
    numbers: FieldCipher
    names: FieldCipher

    @classmethod
    def of(cls, pepper: bytes, keys: FieldKeys) -> Vault:
        """Build a vault from the keys of collection."""
        return cls(pepper, FieldCipher(keys, "identity_number"), FieldCipher(keys, "name"))


@dataclass(frozen=True, slots=True)
class EnrolmentResult:
    """Result of enrolling a list of people, in its order. Warnings do not prevent enrolment."""

    enrolled: int
    replayed: int
    warnings: tuple[Fault, ...]
    people: tuple[tuple[PersonKey, str], ...]


def check(people: Sequence[EnrolmentRequest]) -> None:
    """Check a list of people.

    Raises:
        Faulty: every fault of every person.
    """
    faults: list[Fault] = []
    first: dict[str, int] = {}
    for number, person in enumerate(people):
        at = f"/people/{number}"
        wrong = number_fault(person.identity_number, f"{at}/identity_number")
        if wrong:
            faults.append(wrong)
        if first.setdefault(person.identity_number, number) != number:
            faults.append(person_repeated(number, first[person.identity_number]))
        faults += _day_faults(person, at)
    if faults:
        raise Faulty(faults=faults)


def _day_faults(person: EnrolmentRequest, at: str) -> Iterator[Fault]:
    days = {"joined_on": person.joined_on, "left_on": person.left_on}
    for name, day in days.items():
        if day is not None and day > today():
            yield Fault(
                f"{at}/{name}", "DAY_IN_FUTURE", "日期不得晚于今日 (the day is in the future)"
            )
    if person.left_on is not None and person.left_on < person.joined_on:
        yield Fault(
            f"{at}/left_on", "LEFT_BEFORE_JOINING", "止日早于参保日 (it ends before it begins)"
        )


async def store_people(
    tx: AsyncConnection, people: Sequence[EnrolmentRequest], vault: Vault
) -> tuple[Fault, ...]:
    """Store persons that are not known yet; return warnings about names and numbers.

    Raises:
        KeyCollision: two identity numbers share a key. Faulty: a number was corrected.
    """
    keys = [key_of_person(person.identity_number, vault.pepper) for person in people]
    merged = await person_store.merged(tx, [key.id for key in keys])
    if merged:
        raise Faulty(
            faults=[
                Fault(f"/people/{number}/identity_number", *MERGED)
                for number, key in enumerate(keys)
                if key.id in merged
            ]
        )
    made = await person_store.insert(
        tx,
        [
            SealedPerson(
                key.id,
                key.tag,
                vault.numbers.seal(person.identity_number),
                vault.names.seal(person.name),
            )
            for key, person in zip(keys, people, strict=True)
        ],
    )
    known = await person_store.stored(tx, [key.id for key in keys if key.id not in made])
    warnings: list[Fault] = []
    for number, (key, person) in enumerate(zip(keys, people, strict=True)):
        at = f"/people/{number}"
        if key.id in known:
            tag, sealed_name = known[key.id]
            if tag != key.tag:
                raise KeyCollision(person=key.ref)
            if vault.names.open(sealed_name) != person.name:
                warnings.append(
                    Fault(
                        f"{at}/name",
                        "NAME_DIFFERS",
                        "与已登记姓名不同 (the registered name differs)",
                    )
                )
        if not identity_number.has_known_region(person.identity_number):
            warnings.append(
                Fault(
                    f"{at}/identity_number",
                    "REGION_UNKNOWN",
                    "身份号码地区前缀未知 (unknown region prefix)",
                )
            )
    return tuple(warnings)


async def covered_elsewhere(
    tx: AsyncConnection, unit: Unit, people: Sequence[EnrolmentRequest], vault: Vault
) -> tuple[Fault, ...]:
    """Add people to the look-up table of units; warn about those covered by another unit.

    The entry is written before the enrolment: a surplus entry is harmless, a missing one would hide
    a person's enrolment.
    """
    keys = [key_of_person(person.identity_number, vault.pepper).id for person in people]
    days = [person.joined_on for person in people]
    other_units = await cover_store.elsewhere(tx, unit.id, list(zip(keys, days, strict=True)))
    await block_store.add_to_look_up(tx, unit.id, keys)
    return tuple(
        Fault(f"/people/{number}", *covered_by(other_units[key]))
        for number, key in enumerate(keys)
        if key in other_units
    )


def covered_by(credit_code: str) -> tuple[str, str]:
    """Return code and message of the warning that another unit covers a person."""
    message = "已在其他单位参保,须先办理转移 (another unit covers the same days)"
    return "COVERED_ELSEWHERE", f"{message}: {credit_code}"


async def enrol(
    tx: AsyncConnection,
    unit: Unit,
    people: Sequence[EnrolmentRequest],
    vault: Vault,
    warnings: tuple[Fault, ...],
    region: str,
) -> EnrolmentResult:
    """Enrol stored persons at a unit. An enrolment from the same day is left unchanged.

    Raises:
        Faulty: the unit is closed, a registered period is in the way, or the category differs.
        RegisterMoved: somebody was enrolled at the same moment.
    """
    faults = await enrolment_category_flow.faults_in(tx, region, people)
    if faults:
        raise Faulty(faults=faults)
    if unit.status == "closed":
        raise Faulty(faults=[Fault("/", "UNIT_CLOSED", "单位已注销 (the unit is closed)")])
    rows = [enrolment_of(person, vault) for person in people]
    pairs = [(unit.id, row.person_id) for _, row in rows]
    covers = await cover_store.at_unit(tx, unit.id, [row.person_id for _, row in rows])
    placed = place([row for _, row in rows], pairs, covers)
    categories = await category_store.at_joining(
        tx, unit.id, [rows[number][1] for number in placed.known]
    )
    faults = [
        Fault(f"/people/{number}/joined_on", found.code, found.message)
        for number, found in placed.in_the_way
    ]
    faults += [
        Fault(f"/people/{number}/category", *enrolment_category_flow.ANOTHER_CATEGORY)
        for number, pair in placed.known.items()
        if categories.get(pair, enrolment_category_flow.AS_EMPLOYEE)
        != (rows[number][1].category, rows[number][1].base_choice)
    ]
    if faults:
        raise Faulty(faults=faults)
    new = list(placed.new.values())
    if len(await person_store.enrol(tx, unit.id, new)) != len(new):
        raise RegisterMoved(credit_code=unit.credit_code)
    new_categories = enrolment_category_flow.rows_of([(unit.id, row) for row in new])
    await category_store.insert(tx, unit.id, new_categories)
    return EnrolmentResult(
        enrolled=len(new),
        replayed=len(placed.known),
        warnings=warnings,
        people=tuple((key, row.masked_number) for key, row in rows),
    )


@dataclass(frozen=True, slots=True)
class Placement:
    """Enrolments beside the periods known at their units, by position in the list.

    `new` are to be stored; `known` are stored already; the others have a period in the way.
    """

    new: Mapping[int, Enrolment]
    known: Mapping[int, tuple[int, int]]
    in_the_way: Sequence[tuple[int, CoverInTheWay]]


def place(
    rows: Sequence[Enrolment],
    pairs: Sequence[tuple[int, int]],
    covers: Mapping[tuple[int, int], Sequence[Cover]],
) -> Placement:
    """Divide enrolments of (unit, person) pairs into new ones, known ones and refused ones."""
    new, known, in_the_way = {}, {}, []
    for number, (row, pair) in enumerate(zip(rows, pairs, strict=True)):
        registered = covers.get(pair, ())
        found = enrolled_from(row.joined_on, row.left_on, registered)
        if isinstance(found, CoverInTheWay):
            in_the_way.append((number, found))
        elif found in registered:
            known[number] = pair
        else:
            new[number] = replace(row, left_on=found.left_on, left_on_presumed=found.presumed)
    return Placement(new, known, in_the_way)


def enrolment_of(person: EnrolmentRequest, vault: Vault) -> tuple[PersonKey, Enrolment]:
    """Build a person's key and the masked enrolment that is stored."""
    key = key_of_person(person.identity_number, vault.pepper)
    return key, Enrolment(
        person_id=key.id,
        person_uuid=key.uuid,
        masked_number=identity_number.masked(person.identity_number),
        masked_name=masked_name(person.name),
        joined_on=person.joined_on,
        left_on=person.left_on,
        document=identity_number.document_of(person.identity_number).value,
        category=person.category,
        base_choice=person.choice,
    )


async def page(
    tx: AsyncConnection,
    credit_code: str,
    after: tuple[int, date] | None,
    limit: int,
    caller: Caller,
) -> list[Enrolment]:
    """List a unit's enrolments after a (person, day).

    Raises:
        UnitUnknown, Forbidden: the unit.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return await person_store.page(tx, unit.id, after, limit)
