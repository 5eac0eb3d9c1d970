"""The records of applicants: months and account, and what keeps them from retiring."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Final

import httpx

from services.payout.common.flows import PersonKeys
from services.payout.formulas.clients import (
    BenefitRecords,
    BenefitRecordUnavailable,
    InsuredPersonUnknown,
)
from services.payout.qualifications.domain.check import KnownPerson, OwedMonths
from shared.ids import Ref
from shared.references import Reference
from shared.security.field_cipher import CipherBroken
from shared.web.client import Peer, PeerError

AT_ONE_TIME: Final = 8
"""Applicants whose records are read at one time."""


class RetirementRecords:
    """Reads the records of applicants from collection and the ledger."""

    def __init__(self, records: BenefitRecords, collection: Peer, keys: PersonKeys) -> None:
        self._records = records
        self._collection = collection
        self._keys = keys

    async def of(self, person: Ref, day: date) -> KnownPerson:
        """Read one person's records.

        Raises:
            InsuredPersonUnknown: collection has no such person.
            BenefitRecordUnavailable: no answer, or an answer that cannot be read.
        """
        text = person.text(Reference.PERSON)
        record = await self._records.of(text, day)
        try:
            facts = await self._collection.get(f"/v1/people/{text}/retirement-facts")
            return KnownPerson(
                record=record,
                name=self._keys.sent_name.receive(b64decode(facts["sealed_name"])),
                owed=tuple(
                    OwedMonths(one["credit_code"], one["months"], one["first"], one["last"])
                    for one in facts["unpaid"]
                ),
                doubled_months=facts["doubled_months"] + record.doubled_months,
            )
        except PeerError as error:
            if error.status == 404:
                raise InsuredPersonUnknown(person=text) from None
            raise BenefitRecordUnavailable(status=error.status, peer_code=error.code) from None
        except (httpx.HTTPError, CipherBroken, KeyError, TypeError, ValueError) as error:
            raise BenefitRecordUnavailable(reason=type(error).__name__) from None

    async def of_all(self, people: Sequence[Ref], day: date) -> dict[Ref, KnownPerson]:
        """Read the records of many people, some at a time; people unknown to collection are left out.

        Raises:
            BenefitRecordUnavailable: see `of`.
        """
        turn = asyncio.Semaphore(AT_ONE_TIME)
        found: dict[Ref, KnownPerson] = {}

        async def read(person: Ref) -> None:
            async with turn:
                with suppress(InsuredPersonUnknown):
                    found[person] = await self.of(person, day)

        await asyncio.gather(*(read(person) for person in people))
        return found
