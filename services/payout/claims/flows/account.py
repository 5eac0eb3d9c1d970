"""Claims that a pension excludes or changes, looked at once more before their last signature counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import flows as benefits_flow
from services.payout.benefits.domain import ACCOUNT_KINDS, BASIC_PENSION
from services.payout.claims.domain.claim import Claim
from services.payout.claims.domain.draft import pension_faults
from services.payout.claims.store import claim as claim_store
from services.payout.common.domain import require_faultless
from services.payout.draws import flows as draws_flow
from services.payout.draws.domain import PensionChanged, PensionDrawn, require_inheritable
from services.payout.entitlements.store import due as due_store
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.formulas.domain.person import PENSION
from services.payout.persons import store as persons_store
from services.payout.withdrawals import store as withdrawals_store
from services.payout.withdrawals.domain import WithdrawalKind
from shared import trail
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period


async def lock(tx: AsyncConnection, claim: Ref, today: date) -> None:
    """Keep pensions as they are, where they matter to a claim, before the claim's own lock."""
    found = await claim_store.load(tx, claim)
    if found is None:
        return
    is_of_account = found.kind in ACCOUNT_KINDS
    if is_of_account or await _is_without_pension(tx, found, today):
        await entitlement_store.lock_pensions(tx, alone=False)
    if is_of_account:
        await persons_store.lock_people(tx, alone=False)


async def require_no_pension(tx: AsyncConnection, claim: Claim, today: date) -> None:
    """Refuse to pay a benefit for a month for which a person was given a pension meanwhile.

    Raises:
        Faulty: the lines of such persons, if no pension may be paid beside this kind.
    """
    if await _is_without_pension(tx, claim, today):
        people = await claim_store.people(tx, claim.ref)
        await require_none_drawing(tx, people, claim.period)


async def require_none_drawing(
    tx: AsyncConnection, people: Mapping[int, int], period: Period
) -> None:
    """Refuse lines, by number, of people to whom a pension is due for the month.

    Raises:
        Faulty: these lines.
    """
    drawing = await due_store.due_in(tx, sorted(set(people.values())), BASIC_PENSION, period)
    places = [line_no - 1 for line_no, person in people.items() if person in drawing]
    require_faultless(pension_faults(period, places))


async def _is_without_pension(tx: AsyncConnection, claim: Claim, today: date) -> bool:
    rows = [row for row in await benefits_flow.kinds(tx) if row.kind == claim.kind]
    begun = [row for row in rows if row.in_force_from <= today]
    return bool(begun) and max(begun, key=lambda row: row.in_force_from).not_with_pension


async def require_payable(tx: AsyncConnection, claim: Ref, today: date) -> None:
    """Refuse to pay out an account whose pension is not what it was when the claim was filed.

    The person may have been merged into one who draws a pension, or a registered death may have
    been lifted or have another month.

    Raises:
        PensionDrawn: a living person draws it, or the account is to leave the city.
        AccountPartUnknown: see `require_inheritable`.
        PensionChanged: the claim's amount was computed by other months.
    """
    taken = await withdrawals_store.of_claim(tx, claim)
    if taken is None or taken.fund != PENSION:
        return
    survivors = await persons_store.survivors(tx, [taken.person_id])
    person_id = survivors[taken.person_id]
    pension = (await draws_flow.drawn(tx, [person_id], today))[person_id]
    if not pension.exists:
        return
    if taken.kind is WithdrawalKind.TRANSFER:
        raise PensionDrawn
    require_inheritable(pension)
    filed, *_ = await trail.of_paper(tx, claim.key, claim.id)
    if filed["detail"].get("basis", {}).get("pensions_due") != format_yuan(pension.drawn_fen):
        raise PensionChanged(pensions_due=format_yuan(pension.drawn_fen))
