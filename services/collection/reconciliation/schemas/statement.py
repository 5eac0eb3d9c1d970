"""Shapes of statements, of the accounts they are expected of, and of runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from services.collection.common.domain.signed_change import SignedChange
from services.collection.common.schemas.common import Day
from services.collection.reconciliation.domain.statement import StatementDay
from services.collection.reconciliation.flows.run import ReconciliationRun
from services.collection.reconciliation.flows.statement import TakenStatement
from services.collection.reconciliation.store.statement import StatementAccount, StatementRow
from shared.references import Reference
from shared.schema import In, Out, ShortText, YuanOut
from shared.wire.ledger import AccountKey

StatementAccountField = Annotated[AccountKey, Field(examples=["treasury_deposit"])]


class StatementDayOut(Out):
    """One day of an account's statement."""

    day: date
    opening: YuanOut
    closing: YuanOut
    lines: int

    @classmethod
    def of(cls, day: StatementDay) -> StatementDayOut:
        """Build the answer from a day."""
        return cls(day=day.day, opening=day.opening_fen, closing=day.closing_fen, lines=day.lines)


class TakenStatementOut(Out):
    """The days of a file that were taken; `replayed` when the file was known before."""

    account: str = Field(examples=["treasury_deposit"])
    days: list[StatementDayOut]
    replayed: bool

    @classmethod
    def of(cls, taken: TakenStatement) -> TakenStatementOut:
        """Build the answer."""
        return cls(
            account=taken.account,
            days=[StatementDayOut.of(one) for one in taken.days],
            replayed=taken.replayed,
        )


class BankStatementOut(StatementDayOut):
    """An account's day with its statement."""

    account: str
    taken_by: str

    @classmethod
    def of_row(cls, row: StatementRow) -> BankStatementOut:
        """Build the answer from a stored day."""
        return cls(
            account=row.account,
            day=row.day,
            opening=row.opening_fen,
            closing=row.closing_fen,
            lines=row.lines,
            taken_by=row.taken_by,
        )


class StatementAccountIn(In):
    """Expect statements of an account from a day on."""

    account: StatementAccountField
    expected_from: Day
    expected_to: Day | None = None
    arrives_within: int = Field(
        default=1, ge=0, le=31, strict=True, description="在途天数 (days that money may take)"
    )
    note: ShortText = Field(examples=["国库每日提供对账单"])

    @model_validator(mode="after")
    def _forward(self) -> StatementAccountIn:
        if self.expected_to is not None and self.expected_to < self.expected_from:
            raise ValueError("expected_to 早于 expected_from (before expected_from)")
        return self

    def setting(self, by: str) -> StatementAccount:
        """Return the setting as the flow takes it."""
        return StatementAccount(set_by=by, **self.model_dump())


class StatementAccountOut(Out):
    """A dated setting: statements of this account are expected."""

    account: str
    expected_from: date
    expected_to: date | None
    arrives_within: int
    note: str
    set_by: str


class StatementAccountChangeOut(Out):
    """A change of a setting: one person files it, another approves."""

    id: str = Field(examples=[Reference.STATEMENT_ACCOUNT_CHANGE.example])
    account: str
    expected_from: date
    expected_to: date | None
    arrives_within: int
    note: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, change: SignedChange) -> StatementAccountChangeOut:
        """Build the answer from a change."""
        return cls(
            id=change.reference,
            note=change.reason,
            status=change.status,
            filed_by=change.filed_by,
            decided_by=change.decided_by,
            **change.content,
        )


class StatementWithdrawalIn(In):
    """Withdraw the statement of a day, with all days of its file."""

    account: StatementAccountField
    day: Day
    reason: ShortText = Field(examples=["误传他户对账单"])


class StatementWithdrawalOut(Out):
    """A withdrawal: one person files it, another approves."""

    id: str = Field(examples=[Reference.STATEMENT_WITHDRAWAL.example])
    account: str
    first: date
    last: date
    lines: int = Field(description="明细笔数 (entries of the file)")
    sha256: str = Field(description="文件摘要 (hash of the file)")
    reason: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, change: SignedChange) -> StatementWithdrawalOut:
        """Build the answer from a change."""
        return cls(
            id=change.reference,
            reason=change.reason,
            status=change.status,
            filed_by=change.filed_by,
            decided_by=change.decided_by,
            **change.content,
        )


class StatementRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class StatementAccountsOut(Out):
    """Every setting, by account and day, and the changes that wait for their decision."""

    items: list[StatementAccountOut]
    waiting: list[StatementAccountChangeOut]

    @classmethod
    def of(
        cls, found: tuple[list[StatementAccount], Sequence[SignedChange]]
    ) -> StatementAccountsOut:
        """Build the answer."""
        settings, waiting = found
        return cls(
            items=[
                StatementAccountOut(
                    account=one.account,
                    expected_from=one.expected_from,
                    expected_to=one.expected_to,
                    arrives_within=one.arrives_within,
                    note=one.note,
                    set_by=one.set_by,
                )
                for one in settings
            ],
            waiting=[StatementAccountChangeOut.of(one) for one in waiting],
        )


class ReconciliationIn(In):
    """Match an account from a day on; without a day, from what came in last."""

    account: StatementAccountField
    first: Day | None = None


class ReconciliationOut(Out):
    """A finished run: the days that it judged, and what it found."""

    account: str
    first: date
    until: date
    found: int = Field(description="差异数 (differences)")
    changed: int = Field(description="新增或有变 (new or changed)")
    cleared: int = Field(description="已核对相符 (agree again)")

    @classmethod
    def of(cls, run: ReconciliationRun) -> ReconciliationOut:
        """Build the answer."""
        return cls(
            account=run.account,
            first=run.first,
            until=run.until,
            found=run.counts.found,
            changed=run.counts.changed,
            cleared=run.counts.cleared,
        )
