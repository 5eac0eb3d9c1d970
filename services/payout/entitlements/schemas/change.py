"""Shapes of changes of entitlements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import (
    BankAccountIn,
    BankAccountOut,
    Day,
    IdentityNumber,
    Note,
    masked_name,
)
from services.payout.entitlements.domain.change import (
    LINES_MAX,
    BankAccount,
    ChangeAction,
    ChangeDraft,
    ChangeLine,
    ChangeStatus,
    EntitlementChange,
    PersonDraft,
)
from shared.references import Reference
from shared.schema import (
    Code,
    In,
    NonNegativeYuan,
    Out,
    PeriodField,
    PositiveYuan,
    ShortText,
    YuanOut,
)


class ChangePersonIn(In):
    """One person of a paper; its action says which members it needs."""

    identity_number: IdentityNumber = Field(examples=["120101195003071239"])
    kind: Literal["basic_pension"] = BASIC_PENSION
    name: ShortText | None = Field(None, examples=["张建国"], description="register")
    monthly_amount: PositiveYuan | None = Field(None, examples=["2345.60"], description="register")
    account_amount: NonNegativeYuan | None = Field(
        None,
        examples=["863.31"],
        description="其中个人账户养老金;仅结转时可填 (the part that the personal account pays; optional,"
        " of a pension that is carried over): register",
    )
    bank_account: BankAccountIn | None = Field(None, description="register, account")
    holder_reason: Code | None = Field(
        None, description="户名非本人的事由 (why the account is another's): register, account"
    )
    since: PeriodField | None = Field(
        None,
        alias="from",
        description="自该所属期起 (first month): register, move, suspend, resume",
    )
    event_on: Day | None = Field(None, description="事件发生日 (day of the event): end")

    def draft(self) -> PersonDraft:
        """Turn it into the domain's draft."""
        account = self.bank_account
        return PersonDraft(
            identity_number=self.identity_number,
            kind=self.kind,
            name=self.name,
            monthly_fen=self.monthly_amount,
            account_fen=self.account_amount,
            account=None
            if account is None
            else BankAccount(account.bank, account.number, account.name),
            holder_reason=self.holder_reason,
            since=self.since,
            event_on=self.event_on,
        )


class EntitlementChangeIn(In):
    """A paper over up to 50,000 people of one district, all or nothing."""

    action: ChangeAction
    district: Code = Field(examples=["heping"])
    reason: Code = Field(
        examples=["carried_over"],
        description="事由;恢复发放填停发的事由 (of a resumption: the stop's)",
    )
    document: ShortText = Field(examples=["津退审[2021]115号"], description="依据文书 (document)")
    note: Note | None = None
    people: list[ChangePersonIn] = Field(min_length=1, max_length=LINES_MAX)

    def draft(self) -> ChangeDraft:
        """Turn it into the domain's draft."""
        return ChangeDraft(
            action=self.action,
            district=self.district,
            reason=self.reason,
            document=self.document,
            note=self.note,
            people=[person.draft() for person in self.people],
        )


class ChangeApprovalIn(In):
    """An empty body."""


class ChangeRefusalIn(In):
    """The reason for refusing a paper."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class EntitlementChangeOut(Out):
    """A paper. `applied` counts the lines that changed something, once it is approved."""

    id: str = Field(examples=[Reference.ENTITLEMENT_CHANGE.example])
    action: ChangeAction
    district: str
    reason: str
    document: str
    note: str | None
    lines: int
    applied: int | None
    status: ChangeStatus
    proposed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, change: EntitlementChange) -> EntitlementChangeOut:
        """Build it from a stored paper."""
        return cls(
            id=change.ref.text(Reference.ENTITLEMENT_CHANGE),
            action=change.action,
            district=change.district,
            reason=change.reason,
            document=change.document,
            note=change.note,
            lines=change.lines,
            applied=change.applied,
            status=change.status,
            proposed_by=change.proposed_by,
            decided_by=change.decided_by,
        )


class EntitlementChangeLineOut(Out):
    """One person of a paper. Of an end, `from` is the first month that is not due."""

    line: int
    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str | None = Field(examples=["张**"])
    since: PeriodField = Field(serialization_alias="from")
    monthly_amount: YuanOut | None
    account_amount: YuanOut | None = Field(
        description="其中个人账户养老金 (the part that the personal account pays)"
    )
    bank_account: BankAccountOut | None
    holder_reason: str | None

    @classmethod
    def of(
        cls, line: ChangeLine, keys: PersonKeys, *, full: bool = False
    ) -> EntitlementChangeLineOut:
        """Build it from a stored line; `full` shows the whole account and name."""
        name = None if line.name is None else keys.name.open(line.name)
        account = None
        if line.bank is not None and line.bank_number is not None and line.bank_holder is not None:
            account = BankAccountOut.of(
                line.bank,
                keys.bank_number.open(line.bank_number),
                keys.bank_holder.open(line.bank_holder),
                full=full,
            )
        return cls(
            line=line.line_no,
            masked_identity_number=keys.mask(line.sealed_number),
            name=name if full or name is None else masked_name(name),
            since=line.since,
            monthly_amount=line.monthly_fen,
            account_amount=line.account_fen,
            bank_account=account,
            holder_reason=line.holder_reason,
        )
