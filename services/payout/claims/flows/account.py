"""Claims over personal accounts, looked at once more before their last signature counts."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import ACCOUNT_KINDS
from services.payout.claims.store import claim as claim_store
from services.payout.draws import flows as draws_flow
from services.payout.draws.domain import PensionChanged, PensionDrawn, require_inheritable
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.formulas.domain.person import PENSION
from services.payout.persons import store as persons_store
from services.payout.withdrawals import store as withdrawals_store
from services.payout.withdrawals.domain import WithdrawalKind
from shared import trail
from shared.ids import Ref
from shared.money import format_yuan


async def lock(tx: AsyncConnection, claim: Ref) -> None:
    """Keep the pension of an account's claim as it is, before the claim's own lock."""
    found = await claim_store.load(tx, claim)
    if found is not None and found.kind in ACCOUNT_KINDS:
        await entitlement_store.lock_pensions(tx, alone=False)
        await persons_store.lock_people(tx, alone=False)


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
