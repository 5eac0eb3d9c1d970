"""Envelopes: pushes in several parts under one announced count and sum."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import tax_source
from services.collection.tax.domain import envelope as envelope_rules
from services.collection.tax.domain.envelope import Envelope, EnvelopeContent, EnvelopeUnknown
from services.collection.tax.store import envelope as envelope_store


async def put(tx: AsyncConnection, authority: str, announced: Envelope, part: Envelope) -> None:
    """Put a push into its envelope; the part's number is the push's.

    Raises:
        EnvelopeDiffers, EnvelopeExceeded: it does not fit.
    """
    stored = await envelope_store.announce(tx, authority, announced)
    before = await envelope_store.find(
        tx, authority, announced.envelope_no, without=part.envelope_no
    )
    assert before is not None
    envelope_rules.check_part(announced, stored, before, part)
    await envelope_store.insert_part(tx, authority, announced.envelope_no, part)


async def find(tx: AsyncConnection, authority: str | None, envelope_no: str) -> EnvelopeContent:
    """Read an envelope.

    Raises:
        EnvelopeUnknown: there is none.
    """
    found = await envelope_store.find(tx, tax_source(authority), envelope_no)
    if found is None:
        raise EnvelopeUnknown(envelope_no=envelope_no)
    return found
