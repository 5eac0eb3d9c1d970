"""Reading a person's contribution record."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.contributions import store as contributions_store
from services.collection.contributions.domain import (
    ContributionRecord,
    PaidMonth,
    UnitWages,
    last_months_of,
    years_of,
)
from services.collection.contributions.store import PersonMonthLine
from services.collection.policy import flows as policy_flow
from services.collection.register.store import person_correction as person_correction_store
from services.collection.register.store import unit as unit_store
from shared.cn.identity_number import Document, birth_date, document_of, is_female
from shared.errors import NotFound
from shared.ids import Ref, unit_key
from shared.period import Period
from shared.references import Reference
from shared.security.field_cipher import FieldCipher


async def record(tx: AsyncConnection, ref: Ref, cipher: FieldCipher) -> ContributionRecord:
    """Read the paid months of a person. The reference of a merged record finds the surviving one.

    Raises:
        NotFound: there is no such person.
    """
    person = await survivor_of(tx, ref)
    sealed = await contributions_store.sealed_number(tx, person.key)
    if sealed is None:
        raise NotFound(person=ref.text(Reference.PERSON))
    person_ids = await contributions_store.records_of(tx, person.key)
    months = await paid_months(tx, person_ids)
    number = cipher.open(sealed)
    born = birth_date(number)
    hidden = document_of(number) is Document.FOREIGNER
    return ContributionRecord(
        person=person,
        districts=tuple(await contributions_store.districts(tx, person_ids)),
        birth=None if born is None else Period.of(born),
        is_female=None if hidden else is_female(number),
        years=years_of(months),
        last_months=last_months_of(months),
    )


async def survivor_of(tx: AsyncConnection, ref: Ref) -> Ref:
    """Return the surviving record of a person: the record itself unless it was merged."""
    merged = (await person_correction_store.survivors(tx, [ref.key])).get(ref.key)
    return ref if merged is None else Ref(*merged)


async def paid_months(tx: AsyncConnection, person_ids: Sequence[int]) -> list[PaidMonth]:
    """Read the paid months of a person's records, of every unit and insurance, and bought ones."""
    months = [
        month
        for line in await contributions_store.paid_lines(tx, person_ids)
        for month in await _months_of(tx, line)
    ]
    return months + await contributions_store.extended_months(tx, person_ids)


async def _months_of(tx: AsyncConnection, line: PersonMonthLine) -> list[PaidMonth]:
    """Split a line by insurance; an insurance that levied nothing on the person was not paid."""
    policy = await policy_flow.by_id(tx, line.policy_id)
    period = Period.parse(line.period)
    return [
        PaidMonth(insurance=insurance, period=period, base_fen=base_fen)
        for insurance, base_fen, unit_fen, personal_fen in zip(
            policy.insurances, line.base_fen, line.unit_fen, line.personal_fen, strict=False
        )
        if base_fen > 0 or unit_fen + personal_fen > 0
    ]


async def unit_wages(tx: AsyncConnection, credit_code: str, year: int) -> UnitWages:
    """Read the wages that a unit declared in the settled months of a year.

    Raises:
        NotFound: there is no such unit.
    """
    unit_id = unit_key(credit_code)
    unit = await unit_store.find(tx, unit_id)
    if unit is None:
        raise NotFound(unit=credit_code)
    return await contributions_store.unit_wages(tx, unit_id, unit.district, year)
