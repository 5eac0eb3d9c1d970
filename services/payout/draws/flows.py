"""Asking the ledger for what paid pensions draw from accounts, and reading what is drawn in all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.flows import PersonKeys
from services.payout.draw_marks import store as draw_marks_store
from services.payout.draws import store as draws_store
from services.payout.draws.domain import (
    AccountPart,
    DrawnPension,
    payloads,
    retirees_payload,
)
from services.payout.persons import store as persons_store
from shared import outbox
from shared.cn.identity_number import birth_date
from shared.ids import key_of, uuid7
from shared.period import Period


async def state_parts(tx: AsyncConnection, parts: Sequence[AccountPart]) -> None:
    """Store the account's part of pensions; it counts once their paper is approved."""
    await draws_store.insert_parts(tx, parts)


async def step(tx: AsyncConnection, keys: PersonKeys, limit: int) -> int:
    """Work off marks: let the ledger draw or put back what differs, and know who is retired; return
    how many there were."""
    marks = await draw_marks_store.take(tx, limit)
    if not marks:
        return 0
    paper = uuid7()
    draws = await draws_store.keep_in_step(tx, marks, paper)
    messages = payloads(draws, paper)
    people = [(person_id, blind) for person_id, blind, period in marks if not period]
    found = await draws_store.retired(tx, people)
    born = [(one, birth_date(keys.cipher.open(one.sealed_number))) for one in found]
    if retirees := retirees_payload(born, await draws_store.next_number(tx)):
        messages.append((key_of("retirees", paper.hex), retirees))
    await outbox.put_many(tx, messages)
    return len(marks)


async def drawn(
    tx: AsyncConnection, person_ids: Sequence[int], today: date
) -> dict[int, DrawnPension]:
    """Read what the pensions of people, under all of their records, ask of their accounts."""
    owners = await persons_store.owners(tx, person_ids)
    return await draws_store.drawn(tx, owners, Period.of(today))
