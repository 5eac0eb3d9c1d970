"""Rules of retries (再扣规则): one person files a dated row, another approves."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from services.collection.common.flows import signed_change as signed_change_flow
from services.collection.debits.domain.retry import RetryRule, require_class, rule_key
from services.collection.debits.store import retry_rule as retry_rule_store
from shared.ids import Ref
from shared.roles import Caller

SUBJECT = ChangeSubject.RETRY_RULE


async def rules(tx: AsyncConnection) -> tuple[list[RetryRule], Sequence[SignedChange]]:
    """Read the rules, and the changes of them that wait for their decision."""
    return await retry_rule_store.retry_rules(tx), await signed_change_flow.waiting(tx, SUBJECT)


async def file(tx: AsyncConnection, rule: RetryRule, caller: Caller) -> SignedChange:
    """File a rule from a day on.

    Raises:
        ReasonClassUnknown: there is no such class.
        SignedChangeWaits: another change of the class is not decided yet.
    """
    require_class(rule.reason_class)
    return await signed_change_flow.file(
        tx,
        SUBJECT,
        shard_key=rule_key(rule.reason_class),
        target=rule.reason_class,
        content={
            "reason_class": rule.reason_class,
            "retries": rule.retries,
            "after_workdays": rule.after_workdays,
            "in_force_from": rule.in_force_from.isoformat(),
            "in_force_to": rule.in_force_to and rule.in_force_to.isoformat(),
        },
        reason=rule.reason,
        caller=caller,
    )


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve a rule, as another person. The batches of its days are made by it.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
    """
    return await signed_change_flow.approve(tx, SUBJECT, ref, caller)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse a rule, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, SUBJECT, ref, why, caller)
