"""The city's own rules (本市规则): one person files a whole document, another approves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.city.domain import faults_in
from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from services.collection.common.flows import signed_change as signed_change_flow
from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store import shipped as common_shipped_store
from services.collection.common.store.city_rule import CityRule, CityRuleVersion
from services.collection.policy import flows as policy_flow
from shared.errors import Fault, Faulty
from shared.fund import FIVE_INSURANCES
from shared.ids import Ref, key_of
from shared.roles import Caller

SUBJECT: Final = ChangeSubject.CITY_RULE


def rule_key(rule: CityRule) -> int:
    """Return the shard key of a document's papers."""
    return key_of("city_rule", rule.value)


async def rules(tx: AsyncConnection) -> tuple[list[CityRuleVersion], Sequence[SignedChange]]:
    """Read every document as it is in force, and the corrections that wait."""
    found = [(await versions(tx, rule))[0] for rule in CityRule]
    return found, await signed_change_flow.waiting(tx, SUBJECT)


async def versions(tx: AsyncConnection, rule: CityRule) -> list[CityRuleVersion]:
    """Read the versions of a document, the newest first and the shipped one last."""
    shipped = CityRuleVersion(
        rule=rule,
        version=0,
        content=city_rule_store.shipped(rule),
        reason="",
        set_by="shipped",
        set_at=None,
    )
    return [*await city_rule_store.versions(tx, rule), shipped]


async def file(
    tx: AsyncConnection, rule: CityRule, content: dict[str, Any], reason: str, caller: Caller
) -> SignedChange:
    """File a document as it shall become.

    Raises:
        Faulty: every fault of it, or it is so already.
        SignedChangeWaits: another correction of the document is not decided yet.
    """
    present = await city_rule_store.content(tx, rule)
    regions = [region["code"] for region in common_shipped_store.regions()]
    insurances = await _insurances(tx, regions)
    faults = list(faults_in(rule.value, content, present, regions, insurances))
    if content == present:
        faults.append(Fault("/", "NOTHING_TO_CORRECT", "与现行规则相同 (it is so already)"))
    if faults:
        raise Faulty(faults=faults)
    return await signed_change_flow.file(
        tx,
        SUBJECT,
        shard_key=rule_key(rule),
        target=rule.value,
        content=content,
        reason=reason,
        caller=caller,
    )


async def _insurances(tx: AsyncConnection, regions: Sequence[str]) -> set[str]:
    """Read the codes of the five insurances, and of those that a policy adds."""
    found = set(FIVE_INSURANCES)
    for region in regions:
        for policy in await policy_flow.published(tx, region):
            found.update(policy.insurances)
    return found


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve a correction, as another person. It is in force at once.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
    """
    return await signed_change_flow.approve(tx, SUBJECT, ref, caller)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse a correction, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, SUBJECT, ref, why, caller)
