"""Correct a person's name or identity number (个人信息更正), or merge two records of one person.

A person's key comes from the identity number, so a corrected number is another record: the old one
ends in it and points to it. Two people sign; the periods of cover follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import ChangeWaits, NothingChanges
from services.collection.common.flows.return_code import check_codes
from services.collection.register.domain.cover import Cover
from services.collection.register.domain.person import key_of_person, masked_name, number_fault
from services.collection.register.flows.enrolment import Vault
from services.collection.register.store import person as person_store
from services.collection.register.store import person_correction as person_correction_store
from services.collection.register.store.person import SealedPerson
from services.collection.register.store.person_correction import (
    FollowedCorrection,
    HeldPeriod,
    PersonCorrection,
)
from shared import outbox, trail
from shared.cn import identity_number
from shared.errors import Fault, Faulty, NotFound, StateConflict
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "person_correction"
PERSONAL_MERGER: Final = "personal_merger"
"""Kind of the outbox's messages about merged personal accounts; all others are vouchers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCorrectionRequest:
    """A registered number, and the right number or name. Number and name are kept out of logs."""

    identity_number: str = field(repr=False)
    right_number: str | None = field(repr=False)
    right_name: str | None = field(repr=False)
    reason: str
    document: str


async def propose(
    tx: AsyncConnection, request: PersonCorrectionRequest, *, vault: Vault, caller: Caller
) -> PersonCorrection:
    """Propose a correction. If the right number has a record already, the two are to be merged.

    Raises:
        Faulty: the numbers, or periods of the two records that contradict each other.
        NothingChanges: the register says so already. ChangeWaits: another proposal waits.
        Forbidden: the person was never in the caller's district.
    """
    number = request.right_number or request.identity_number
    fault = number_fault(number, "/right/identity_number")
    if fault:
        raise Faulty(faults=[fault])
    old, new = (key_of_person(one, vault.pepper) for one in (request.identity_number, number))
    stored = await person_store.stored(tx, [old.id, new.id])
    if old.id not in stored:
        raise Faulty(
            faults=[_fault("/identity_number", "PERSON_UNKNOWN", "未登记 (not registered)")]
        )
    name = request.right_name or vault.names.open(stored.get(new.id, stored[old.id])[1])
    if old.id == new.id and vault.names.open(stored[old.id][1]) == name:
        raise NothingChanges
    await _require_not_merged(tx, [old.id, new.id])
    held = await person_correction_store.periods(tx, [old.id, new.id])
    _require_district(held, caller)
    _divide(held, old.id)
    sealed = SealedPerson(new.id, new.tag, vault.numbers.seal(number), vault.names.seal(name))
    await person_store.insert(tx, [sealed])
    row = PersonCorrection(
        person_id=old.id,
        id=uuid7(),
        person_uuid=old.uuid,
        survivor_id=new.id,
        survivor_uuid=new.uuid,
        district=caller.district,
        status="proposed",
        masked_number=identity_number.masked(request.identity_number),
        right_number=identity_number.masked(number),
        masked_name=masked_name(vault.names.open(stored[old.id][1])),
        right_name=masked_name(name),
        sealed_name=sealed.sealed_name,
        document_kind=identity_number.document_of(number).value,
        reason=request.reason,
        document=request.document,
    )
    if not await person_correction_store.insert(tx, row):
        raise ChangeWaits(person=old.ref)
    await trail.record(tx, _step(row, "propose", row.reason), caller)
    return row


async def approve(
    tx: AsyncConnection, ref: Ref, note: str | None, caller: Caller
) -> PersonCorrection:
    """Put a correction in force, as the second person: the record's periods go to the survivor.

    Raises:
        NotFound, Forbidden, StateConflict: the correction. SamePersonTwice: the caller proposed it.
        Faulty: the periods of the two records contradict each other now.
    """
    row = await find(tx, ref, caller)
    people = [row.person_id, row.survivor_id]
    await person_correction_store.lock_people(tx, people)
    await _require_not_merged(tx, people)
    held = await person_correction_store.periods(tx, people)
    twice = _divide(held, row.person_id) if row.merges else []
    periods = [_words(one) for one in held if one.person_id == row.person_id]
    if not await person_correction_store.decide(tx, row, person_correction_store.IN_FORCE, periods):
        raise StateConflict(status=row.status)
    await trail.record(tx, _step(row, "approve", note), caller)
    await person_correction_store.drop(tx, twice)
    await person_correction_store.follow(tx, row, sorted({one.unit_id for one in held}))
    if row.merges:
        await outbox.put(tx, row.person_id, [merger_message(row)])
    return replace(row, status="in_force", periods=periods)


def merger_message(row: PersonCorrection) -> dict[str, Any]:
    """Build the message that makes the ledger merge the two personal accounts, once."""
    return {
        "kind": PERSONAL_MERGER,
        "event_id": f"{PAPER}:{row.id.hex}",
        "person": Ref(row.person_id, row.person_uuid).text(Reference.PERSON),
        "survivor": Ref(row.survivor_id, row.survivor_uuid).text(Reference.PERSON),
        "references": {"paper": Ref(row.person_id, row.id).text(Reference.PERSON_CORRECTION)},
    }


async def refuse(
    tx: AsyncConnection, ref: Ref, codes: Sequence[str], note: str | None, caller: Caller
) -> PersonCorrection:
    """Refuse a proposed correction with return codes.

    Raises:
        Faulty: unknown codes. NotFound, Forbidden, StateConflict: the correction.
    """
    await check_codes(tx, codes, note, "change")
    row = await find(tx, ref, caller)
    if not await person_correction_store.decide(tx, row, "refused"):
        raise StateConflict(status=row.status)
    await trail.record(tx, _step(row, "refuse", note, {"codes": list(codes)}), caller)
    return replace(row, status="refused")


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> PersonCorrection:
    """Find a correction of the caller's district.

    Raises:
        NotFound: no such correction. Forbidden: another district's.
    """
    row = await person_correction_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(correction=ref.text(Reference.PERSON_CORRECTION))
    caller.require_district(row.district)
    return row


async def page(
    tx: AsyncConnection, ref: Ref, *, after: UUID | None, limit: int, caller: Caller
) -> list[PersonCorrection]:
    """Return the corrections of a person's record; district staff see those of their district."""
    return await person_correction_store.page(
        tx, ref.key, district=caller.scope(None), after=after, limit=limit
    )


async def in_order(tx: AsyncConnection, after: int, limit: int) -> list[FollowedCorrection]:
    """Read the corrections in force after a number; numbers follow one another without a gap."""
    return await person_correction_store.in_order(tx, after, limit)


async def _require_not_merged(tx: AsyncConnection, people: Sequence[int]) -> None:
    merged = await person_correction_store.survivors(tx, people)
    faults = [merged_fault("/identity_number", found) for found in merged.values() if found]
    if faults:
        raise Faulty(faults=faults)


def merged_fault(pointer: str, survivor: tuple[int, Any]) -> Fault:
    """Build the fault of a number that was corrected: the surviving record is named."""
    ref = Ref(*survivor).text(Reference.PERSON)
    return _fault(pointer, "PERSON_MERGED", f"该号码已更正,请用正确号码 (it was corrected): {ref}")


def _fault(pointer: str, code: str, message: str) -> Fault:
    return Fault(pointer, code, message)


def _require_district(held: Sequence[HeldPeriod], caller: Caller) -> None:
    if all(one.district != caller.district for one in held):
        caller.require_district(held[0].district if held else "")


def _divide(held: Sequence[HeldPeriod], person_id: int) -> list[HeldPeriod]:
    """Return the record's periods that the survivor holds too, wholly.

    Raises:
        Faulty: periods that share some days only; they are corrected first.
    """
    own = [one for one in held if one.person_id == person_id]
    others = [one for one in held if one.person_id != person_id]
    faults = list(_contradictions(own, others))
    if faults:
        raise Faulty(faults=faults)
    return [one for one in own if any(_within(one, other) for other in others)]


def _contradictions(own: Sequence[HeldPeriod], others: Sequence[HeldPeriod]) -> Iterator[Fault]:
    for one in own:
        for other in others:
            if one.unit_id != other.unit_id or _within(one, other):
                continue
            if _cover(one).shares_a_day(_cover(other)):
                message = "两条记录的参保期只有部分重叠,请先更正参保期 (correct the cover first)"
                yield _fault(
                    "/right/identity_number",
                    "COVER_OVERLAPS",
                    f"{message}: {one.credit_code} {one.joined_on}, {other.joined_on}",
                )


def _within(one: HeldPeriod, other: HeldPeriod) -> bool:
    ends = other.left_on is None or (one.left_on is not None and one.left_on <= other.left_on)
    return one.unit_id == other.unit_id and other.joined_on <= one.joined_on and ends


def _cover(one: HeldPeriod) -> Cover:
    return Cover(one.joined_on, one.left_on)


def _words(one: HeldPeriod) -> dict[str, Any]:
    return {
        "credit_code": one.credit_code,
        "joined_on": one.joined_on.isoformat(),
        "left_on": None if one.left_on is None else one.left_on.isoformat(),
    }


def _step(
    row: PersonCorrection, step: str, why: str | None, detail: dict[str, Any] | None = None
) -> trail.Step:
    return trail.Step(
        shard_key=row.person_id,
        paper=PAPER,
        paper_id=row.id,
        step=step,
        signs=True,
        why=why,
        detail=(detail or {}) | {"document": row.document},
    )
