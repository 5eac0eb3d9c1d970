"""Banks' codes of refusals (拒付代码): one person files what a code means, another approves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from services.collection.common.flows import signed_change as signed_change_flow
from services.collection.debits.domain.debit_reason import DebitReason, reason_key
from services.collection.debits.store import debit_reason as debit_reason_store
from shared.ids import Ref
from shared.roles import Caller

SUBJECT: Final = ChangeSubject.DEBIT_REASON


async def reasons(tx: AsyncConnection) -> tuple[Sequence[DebitReason], Sequence[SignedChange]]:
    """Read the codes, and the changes of them that wait for their decision."""
    return await debit_reason_store.reasons(tx), await signed_change_flow.waiting(tx, SUBJECT)


async def file(tx: AsyncConnection, row: DebitReason, reason: str, caller: Caller) -> SignedChange:
    """File a code: a new one, or another class or meaning of one that is known.

    Raises:
        SignedChangeWaits: another change of the code is not decided yet.
    """
    return await signed_change_flow.file(
        tx,
        SUBJECT,
        shard_key=reason_key(row.code),
        target=row.code,
        content={
            "code": row.code,
            "reason_class": row.reason_class.value,
            "meaning": row.meaning,
            "source": row.source,
            "certain": row.certain,
        },
        reason=reason,
        caller=caller,
    )


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve a code, as another person. Answers of banks that come from then on are read by it.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
    """
    return await signed_change_flow.approve(tx, SUBJECT, ref, caller)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse a code, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, SUBJECT, ref, why, caller)
