"""Receipt verification (到账复核): every receipt of a month agrees with the statement, or is listed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.rate import Share
from services.collection.reconciliation.domain.statement import ACCOUNTS, account_key
from services.collection.reconciliation.flows.run import channels_of
from services.collection.reconciliation.store import statement as statement_store
from services.collection.reconciliation.store import verification as verification_store
from services.collection.reconciliation.store.verification import (
    UnverifiedReceipt,
    VerifiedSpan,
)
from shared.period import Period

NEVER = date(1, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictVerification:
    """A district's receipts of a month by count, with the rates of the verification."""

    district: str
    receipts: int = 0
    verified: int = 0
    listed: int = 0
    amount_fen: int = 0
    arrived_fen: int = 0
    wrong: int = 0
    corrected: int = 0

    @property
    def waiting(self) -> int:
        """Return the receipts that no statement covers yet."""
        return self.receipts - self.verified - self.listed

    @property
    def verification(self) -> Share:
        """The share of receipts that were checked: they agree, or are listed (到账复核率)."""
        return Share(self.verified + self.listed, self.receipts)

    @property
    def correction(self) -> Share:
        """The share of wrong receipts that are corrected (错误信息修改率)."""
        return Share(self.corrected, self.wrong)

    @property
    def arrival(self) -> Share:
        """The share of the listed money that is on the statement (到账率)."""
        return Share(self.arrived_fen, self.amount_fen)

    def plus(self, other: DistrictVerification) -> DistrictVerification:
        """Add up the counts of two accounts or districts."""
        return DistrictVerification(
            district=self.district,
            receipts=self.receipts + other.receipts,
            verified=self.verified + other.verified,
            listed=self.listed + other.listed,
            amount_fen=self.amount_fen + other.amount_fen,
            arrived_fen=self.arrived_fen + other.arrived_fen,
            wrong=self.wrong + other.wrong,
            corrected=self.corrected + other.corrected,
        )


async def verification(
    tx: AsyncConnection, period: Period, district: str | None, *, region: str
) -> list[DistrictVerification]:
    """Verify the receipts that were paid in a month, over all accounts, by district."""
    found: dict[str, DistrictVerification] = {}

    def add(one: DistrictVerification) -> None:
        before = found.get(one.district)
        found[one.district] = before.plus(one) if before else one

    async for span in _spans(tx, period, district, region):
        for counted in await verification_store.counts(tx, span):
            add(
                DistrictVerification(
                    district=counted.district,
                    receipts=counted.receipts,
                    verified=counted.verified,
                    listed=counted.listed,
                    amount_fen=counted.amount_fen,
                    arrived_fen=counted.arrived_fen,
                )
            )
        for row in await verification_store.corrections(tx, span):
            add(
                DistrictVerification(
                    district=row.district, wrong=row.wrong, corrected=row.corrected
                )
            )
    return [found[name] for name in sorted(found)]


async def _spans(
    tx: AsyncConnection, period: Period, district: str | None, region: str
) -> AsyncIterator[VerifiedSpan]:
    for account in ACCOUNTS:
        channels = await channels_of(tx, account, period.last_day, region)
        if not channels:
            continue
        begin = await statement_store.nearest(tx, account, after=date.min)
        end = await statement_store.nearest(tx, account, before=date.max)
        dirty = (await statement_store.dirty_accounts(tx)).get(account)
        covered_to = end.day if end else NEVER
        yield VerifiedSpan(
            account_key=account_key(account),
            channels=channels,
            first=period.first_day,
            last=period.last_day,
            covered_from=begin.day if begin else NEVER,
            covered_to=min(covered_to, dirty - timedelta(days=1)) if dirty else covered_to,
            district=district,
        )


async def unverified(
    tx: AsyncConnection,
    *,
    account: str,
    period: Period,
    district: str | None,
    region: str,
    after: UUID | None,
    limit: int,
) -> list[UnverifiedReceipt]:
    """Read the receipts of a month on an account that are not verified."""
    async for span in _spans(tx, period, district, region):
        if span.account_key == account_key(account):
            return await verification_store.unverified(tx, span, after=after, limit=limit)
    return []
