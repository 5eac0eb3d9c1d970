"""Corrections of persons as collection reports them, for tests."""

from base64 import b64encode
from typing import Any
from uuid import UUID

from services.payout.common.flows import PersonKeys
from services.payout.mergers import flows as mergers_flow
from services.payout.persons import store as persons_store
from services.payout.persons.domain import PersonCorrection
from shared.ids import Ref, uuid7
from shared.references import Reference
from tests.payout.support.office import Office


def person_of(keys: PersonKeys, number: str) -> Ref:
    """Build the reference that collection gives a person."""
    return Ref(keys.key(number), UUID(bytes=keys.blind(number)[8:24]))


def correction_of(
    keys: PersonKeys, old: str, right: str, *, name: str = "张建国", number: int = 1
) -> PersonCorrection:
    """Build a correction: the record of `old` ends in that of `right`."""
    person = person_of(keys, old)
    return PersonCorrection(
        number=number,
        paper=Ref(person.key, uuid7()).text(Reference.PERSON_CORRECTION),
        person=person,
        survivor=person_of(keys, right),
        identity_number=right,
        name=name,
    )


def item_of(keys: PersonKeys, correction: PersonCorrection) -> dict[str, Any]:
    """Write a correction as collection's feed has it."""
    return {
        "number": correction.number,
        "id": correction.paper,
        "person": correction.person.text(Reference.PERSON),
        "survivor": correction.survivor.text(Reference.PERSON),
        "sealed_identity_number": b64encode(
            keys.sent_number.seal(correction.identity_number)
        ).decode(),
        "sealed_name": b64encode(keys.sent_name.seal(correction.name)).decode(),
    }


async def merge(office: Office, old: str, right: str, *, name: str = "张建国") -> PersonCorrection:
    """Apply a correction as the next one."""
    keys: PersonKeys = office.app.state.person_keys
    async with office.app.state.db.transaction() as tx:
        number = await persons_store.last_number(tx) + 1
        correction = correction_of(keys, old, right, name=name, number=number)
        assert await mergers_flow.apply(tx, correction, keys=keys)
    return correction


async def doubles(office: Office, **params: str) -> list[dict[str, Any]]:
    """Read the list of double payments."""
    answer = await office.client.get(
        "/v1/double-payments",
        params={"limit": 500} | params,
        headers=office.bearer("supervisor"),
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
