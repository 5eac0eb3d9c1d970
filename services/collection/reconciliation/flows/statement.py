"""Take in statements: one transaction a file; a repeat changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import DayInFuture
from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from services.collection.common.flows import signed_change as signed_change_flow
from services.collection.reconciliation.domain import statement as statement_rules
from services.collection.reconciliation.domain.statement import (
    ACCOUNTS,
    DayTotals,
    StatementDay,
    StatementDiffers,
    StatementHead,
)
from services.collection.reconciliation.store import statement as statement_store
from services.collection.reconciliation.store.statement import StatementAccount
from shared import trail
from shared.bank_files.values import StatementEntry
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import Ref, blind_key_of, uuid7
from shared.roles import Caller
from shared.security.field_cipher import FieldCipher
from shared.security.field_keys import FieldKeys

COPY_LINES: Final = 10_000
"""Entries of one COPY: a file of any length takes the memory of so many."""
PAPER: Final = "bank_statement"


@dataclass(frozen=True, slots=True)
class CounterVault:
    """The ciphers of the other side's account and name, and the pepper of the account's mark."""

    accounts: FieldCipher
    names: FieldCipher
    pepper: bytes

    @classmethod
    def of(cls, pepper: bytes, keys: FieldKeys | bytes) -> CounterVault:
        """Build them from the service's keys."""
        accounts = FieldCipher(keys, "counter_account")
        return cls(accounts, FieldCipher(keys, "counter_name"), pepper)

    def mark(self, number: str) -> int:
        """Hash an account's number: equal numbers have equal marks, whichever key sealed them."""
        return blind_key_of("bank_account", number, self.pepper)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenStatement:
    """The days of a file as they are stored; `replayed` when they were known before."""

    account: str
    days: list[StatementDay]
    replayed: bool


async def take(
    tx: AsyncConnection,
    head: StatementHead,
    lines: Callable[[], Generator[StatementEntry, None, None]],
    *,
    digest: bytes,
    vault: CounterVault,
    caller: Caller,
) -> TakenStatement:
    """Store a file's days and entries.

    Raises:
        Faulty, DayInFuture, StatementUnbalanced: the file is wrong; nothing is stored.
        StatementDiffers, BalanceChainBroken: it contradicts other statements.
    """
    require_account(head.account)
    if head.last > today():
        raise DayInFuture(last=head.last)
    totals = DayTotals(head)
    await statement_store.mark(tx, head.account, head.first)
    known = await statement_store.days_of(tx, head.account, head.first, head.last)
    if known:
        whole = len(known) == (head.last - head.first).days + 1
        if whole and all(found == digest for _, found in known):
            return TakenStatement(
                account=head.account, days=[one for one, _ in known], replayed=True
            )
        raise StatementDiffers(account=head.account, day=known[0][0].day)
    before = await statement_store.nearest(tx, head.account, before=head.first)
    after = await statement_store.nearest(tx, head.account, after=head.last)
    statement_rules.require_chain(head, before, after)
    with closing(lines()) as entries:
        while piece := await asyncio.to_thread(_records, entries, totals, head.key, vault):
            await statement_store.insert_lines(tx, piece)
    days = totals.days()
    await statement_store.insert_days(tx, head, days, file_hash=digest, by=caller.subject)
    await _record(tx, head, sum(one.lines for one in days), digest, caller)
    return TakenStatement(account=head.account, days=days, replayed=False)


def _records(
    entries: Iterator[StatementEntry], totals: DayTotals, key: int, vault: CounterVault
) -> list[tuple[Any, ...]]:
    """Read the next entries of a file as rows of the table."""
    return [
        (
            key,
            entry.booked_on,
            totals.number(entry),
            entry.serial,
            entry.reference,
            entry.amount_fen,
            vault.accounts.seal(entry.counter_account) if entry.counter_account else None,
            vault.mark(entry.counter_account) if entry.counter_account else None,
            vault.names.seal(entry.counter_name) if entry.counter_name else None,
            entry.bank_code or None,
            entry.text,
        )
        for entry in islice(entries, COPY_LINES)
    ]


def require_account(account: str) -> None:
    """Refuse an account that is not one of ours.

    Raises:
        Faulty: it is not.
    """
    if account not in ACCOUNTS:
        raise Faulty(faults=[Fault("/account", "ACCOUNT_UNKNOWN", "、".join(ACCOUNTS))])


async def _record(
    tx: AsyncConnection, head: StatementHead, lines: int, digest: bytes, caller: Caller
) -> None:
    step = trail.Step(
        shard_key=head.key,
        paper=PAPER,
        paper_id=uuid7(),
        step="taken",
        signs=False,
        detail={
            "account": head.account,
            "first": head.first.isoformat(),
            "last": head.last.isoformat(),
            "lines": lines,
            "sha256": digest.hex(),
        },
    )
    await trail.record(tx, step, caller)


page = statement_store.page
"""Reads an account's days with statements."""


async def accounts(tx: AsyncConnection) -> list[StatementAccount]:
    """Read of which accounts statements are expected, by date."""
    return await statement_store.accounts(tx)


async def waiting_accounts(
    tx: AsyncConnection,
) -> tuple[list[StatementAccount], Sequence[SignedChange]]:
    """Read the settings, and the changes of them that wait for their decision."""
    waiting = await signed_change_flow.waiting(tx, ChangeSubject.STATEMENT_ACCOUNT)
    return await statement_store.accounts(tx), waiting


async def expect(tx: AsyncConnection, setting: StatementAccount, caller: Caller) -> SignedChange:
    """File that statements of an account are expected from a day on.

    Raises:
        Faulty: the account is not one of ours.
        SignedChangeWaits: another change of the account is not decided yet.
    """
    require_account(setting.account)
    return await signed_change_flow.file(
        tx,
        ChangeSubject.STATEMENT_ACCOUNT,
        shard_key=statement_rules.account_key(setting.account),
        target=setting.account,
        content={
            "account": setting.account,
            "expected_from": setting.expected_from.isoformat(),
            "expected_to": setting.expected_to and setting.expected_to.isoformat(),
            "arrives_within": setting.arrives_within,
        },
        reason=setting.note,
        caller=caller,
    )


async def approve_account(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve a filed setting, as another person. An earlier open setting ends the day before.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
    """
    change = await signed_change_flow.approve(tx, ChangeSubject.STATEMENT_ACCOUNT, ref, caller)
    since = date.fromisoformat(change.content["expected_from"])
    await statement_store.mark(tx, change.target, since)
    return change


async def refuse_account(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse a filed setting, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, ChangeSubject.STATEMENT_ACCOUNT, ref, why, caller)


def expected_on(settings: list[StatementAccount], day: date) -> dict[str, StatementAccount]:
    """Return the settings in force on a day, by account."""
    return {
        one.account: one
        for one in settings
        if one.expected_from <= day and (one.expected_to is None or day <= one.expected_to)
    }
