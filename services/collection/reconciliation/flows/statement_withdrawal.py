"""Withdraw statements that were taken by mistake: one person files it, another approves.

A statement is a file with all of its days. Its days are without a statement afterwards: the closing
counts them as missing, and the next file must continue the balances before and after them.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from services.collection.common.flows import signed_change as signed_change_flow
from services.collection.reconciliation.domain import letter as letter_rules
from services.collection.reconciliation.domain import statement as statement_rules
from services.collection.reconciliation.domain.statement import StatementAgreed, StatementUnknown
from services.collection.reconciliation.flows.statement import require_account
from services.collection.reconciliation.store import item as reconciliation_item_store
from services.collection.reconciliation.store import letter as letter_store
from services.collection.reconciliation.store import statement as statement_store
from shared.clock import today
from shared.ids import Ref
from shared.period import Period
from shared.roles import Caller

SUBJECT = ChangeSubject.STATEMENT_WITHDRAWAL


async def file(
    tx: AsyncConnection, account: str, day: date, reason: str, caller: Caller
) -> SignedChange:
    """File that the statement of a day is withdrawn, with all days of its file.

    Raises:
        Faulty: the account is not one of ours. StatementUnknown: the day has no statement.
        StatementAgreed: the other side has agreed to a month of it.
        SignedChangeWaits: another withdrawal of the account is not decided yet.
    """
    require_account(account)
    statement = await statement_store.file_of(tx, account, day)
    if statement is None:
        raise StatementUnknown(account=account, day=day)
    await _require_open(tx, account, statement.first, statement.last)
    return await signed_change_flow.file(
        tx,
        SUBJECT,
        shard_key=statement_rules.account_key(account),
        target=account,
        content={
            "account": account,
            "first": statement.first.isoformat(),
            "last": statement.last.isoformat(),
            "lines": statement.lines,
            "sha256": statement.file_hash.hex(),
        },
        reason=reason,
        caller=caller,
    )


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve a withdrawal, as another person. Its matches are undone; the next run finds them anew.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
        StatementAgreed: meanwhile the other side has agreed to a month of it.
    """
    filed = await signed_change_flow.find_filed(tx, SUBJECT, ref)
    first = date.fromisoformat(filed.content["first"])
    last = date.fromisoformat(filed.content["last"])
    await statement_store.be_patient(tx)
    await statement_store.mark(tx, filed.target, first)
    await _require_open(tx, filed.target, first, last)
    change = await signed_change_flow.approve(tx, SUBJECT, ref, caller)
    await reconciliation_item_store.clear_days(tx, filed.target, first, last, today())
    return change


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse a withdrawal, as another person. The statement stays.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, SUBJECT, ref, why, caller)


async def page(
    tx: AsyncConnection,
    *,
    account: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[SignedChange]:
    """Read withdrawals by their id."""
    return await signed_change_flow.page(
        tx, SUBJECT, status=status, target=account, after=after, limit=limit
    )


async def _require_open(tx: AsyncConnection, account: str, first: date, last: date) -> None:
    """Refuse days of a month to which the other side has agreed."""
    party = letter_rules.party_of(account)
    agreed = await letter_store.agreed(tx, party, Period.of(first), Period.of(last))
    if agreed:
        raise StatementAgreed(party=party.value, period=agreed)
