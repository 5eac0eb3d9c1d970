"""Vouchers: read, and found by event."""

from __future__ import annotations

import re

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.batch import PostedVoucher
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.store import voucher as voucher_store
from services.ledger.posting.store.voucher import VoucherRecord
from shared.errors import Forbidden, NotFound
from shared.references import Reference
from shared.roles import CENTRE, Caller

_ID = re.compile(rf"^{Reference.VOUCHER}_(0|[1-9][0-9]{{0,3}})_([1-9][0-9]{{0,17}})$")


def place_of(id: str) -> tuple[int, int]:
    """Return the slot and the number of a voucher by its reference.

    Raises:
        NotFound: it is none.
    """
    found = _ID.fullmatch(id)
    if found is None:
        raise NotFound(voucher=id[:40])
    return int(found[1]), int(found[2])


async def read(tx: AsyncConnection, id: str, caller: Caller) -> VoucherRecord:
    """Load a voucher. District staff see vouchers with entries of their district only.

    Raises:
        NotFound: no such voucher.
        Forbidden: another district's.
    """
    stored = await voucher_store.load(tx, *place_of(id))
    if stored is None:
        raise NotFound(voucher=id[:40])
    _require(stored.draft, caller)
    return stored


async def find(
    tx: AsyncConnection, source: str, event_id: str, caller: Caller
) -> list[VoucherRecord]:
    """Find the vouchers of an event: one, unless its sender used the id for several owners."""
    found = []
    for slot, seq in await voucher_store.find(tx, source, event_id):
        stored = await voucher_store.load(tx, slot, seq)
        assert stored is not None
        _require(stored.draft, caller)
        found.append(stored)
    return found


def _require(draft: Draft, caller: Caller) -> None:
    others = {line.district for line in draft.lines}
    if caller.scope(None) is not None and others != {caller.district}:
        raise Forbidden(own_district=caller.district)


def booked(outcome: object) -> PostedVoucher:
    """Return the posted voucher of an outcome.

    Raises:
        LedgerRefusal: it was refused.
    """
    if isinstance(outcome, LedgerRefusal):
        raise outcome
    assert isinstance(outcome, PostedVoucher)
    return outcome


def require_centre(caller: Caller) -> None:
    """Refuse district staff: the data belong to the city as a whole.

    Raises:
        Forbidden: a district's caller.
    """
    caller.require_district(CENTRE)
