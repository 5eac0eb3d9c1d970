"""Registering and listing entitlements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from services.payout.entitlements.domain.entitlement import (
    Entitlement,
    EntitlementContent,
    EntitlementDraft,
    conflict_faults,
    draft_faults,
    lowered_faults,
)
from services.payout.entitlements.store import end as end_store
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.persons import flows as persons_flow
from shared.ids import Ref
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class RegistrationCount:
    """Rows of a submitted list: new ones, and ones stored before with the same content."""

    registered: int
    replayed: int


async def register(
    tx: AsyncConnection,
    drafts: Sequence[EntitlementDraft],
    *,
    district: str,
    kind: str,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> RegistrationCount:
    """Register a list, all or nothing. A row that is stored with the same content is a repeat.

    Raises:
        Forbidden: people of another district.
        Faulty: every fault in the list, or people whose number was corrected.
    """
    caller.require_district(district)
    require_faultless(draft_faults(drafts, today))
    rows = [_entitlement(draft, district, kind, keys) for draft in drafts]
    await entitlement_store.lock_pensions(tx, alone=False)
    people = [(f"/people/{index}/identity_number", row.ref.key) for index, row in enumerate(rows)]
    await persons_flow.require_right_numbers(tx, people, keys)
    new = await entitlement_store.register(tx, rows, caller.subject)
    known = [row for row in rows if (row.ref.key, row.ref.id) not in new]
    if known:
        stored = await entitlement_store.stored_for(tx, known)
        submitted = [
            (row.person, _submitted(draft, district))
            for row, draft in zip(rows, drafts, strict=True)
        ]
        opened = {person: _opened(row, keys) for person, row in stored.items()}
        require_faultless(conflict_faults(submitted, opened))
    fresh = [row for row in rows if (row.ref.key, row.ref.id) in new]
    lowered = await entitlement_store.lowered_months(tx, fresh)
    require_faultless(lowered_faults(rows, lowered))
    await end_store.begin_again(
        tx, [row.person for row in fresh], [row.since for row in fresh], kind
    )
    return RegistrationCount(len(new), len(known))


def _entitlement(
    draft: EntitlementDraft, district: str, kind: str, keys: PersonKeys
) -> Entitlement:
    return Entitlement(
        ref=Ref.new(keys.key(draft.identity_number)),
        blind=keys.blind(draft.identity_number),
        kind=kind,
        district=district,
        sealed_number=keys.seal(draft.identity_number),
        name=keys.name.seal(draft.name),
        monthly_fen=draft.monthly_fen,
        bank=draft.bank,
        bank_number=keys.bank_number.seal(draft.bank_number),
        bank_holder=keys.bank_holder.seal(draft.bank_holder),
        since=draft.since,
    )


def _submitted(draft: EntitlementDraft, district: str) -> EntitlementContent:
    return EntitlementContent(
        district=district,
        name=draft.name,
        monthly_fen=draft.monthly_fen,
        bank=draft.bank,
        bank_number=draft.bank_number,
        bank_holder=draft.bank_holder,
    )


def _opened(row: Entitlement, keys: PersonKeys) -> EntitlementContent:
    return EntitlementContent(
        district=row.district,
        name=keys.name.open(row.name),
        monthly_fen=row.monthly_fen,
        bank=row.bank,
        bank_number=keys.bank_number.open(row.bank_number),
        bank_holder=keys.bank_holder.open(row.bank_holder),
    )


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[Entitlement]:
    """Read entitlements in order of registration; `filters` are columns and their values."""
    return await entitlement_store.page(tx, filters=filters, after=after, limit=limit)
