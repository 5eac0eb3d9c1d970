"""Shapes of proofs of life."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import Day, IdentityNumber, masked_name
from services.payout.life_proofs.domain.proof import (
    PROOFS_MAX,
    ProofChannel,
    ProofDraft,
    ProofState,
)
from services.payout.life_proofs.flows.proof import Reminder
from shared.schema import Code, In, Out, PeriodField, ShortText


class LifeProofIn(In):
    """One person's proof."""

    identity_number: IdentityNumber = Field(examples=["120101195003071239"])
    proved_on: Day
    document: ShortText | None = Field(None, description="凭证 (document)")

    def draft(self) -> ProofDraft:
        """Turn it into the domain's draft."""
        return ProofDraft(
            identity_number=self.identity_number,
            proved_on=self.proved_on,
            document=self.document,
        )


class LifeProofsIn(In):
    """Up to 10,000 proofs by one channel, all or nothing."""

    district: Code = Field(examples=["heping"], description="办理的分中心 (it records them)")
    channel: ProofChannel
    proofs: list[LifeProofIn] = Field(min_length=1, max_length=PROOFS_MAX)


class LifeProofsOut(Out):
    """Proofs of the list: new ones, and ones stored before."""

    recorded: int
    replayed: int


class LifeProofReminderOut(Out):
    """A person whose proof is due or missed, masked."""

    district: str
    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    state: ProofState
    due: PeriodField = Field(description="应认证的月份 (the month in which it is due)")
    last_proved_on: date | None

    @classmethod
    def of(cls, reminder: Reminder, keys: PersonKeys) -> LifeProofReminderOut:
        """Build it from a person's state."""
        return cls(
            district=reminder.person.district,
            masked_identity_number=keys.mask(reminder.person.sealed_number),
            name=masked_name(keys.name.open(reminder.person.name)),
            state=reminder.state,
            due=reminder.due,
            last_proved_on=reminder.person.proved_on,
        )


class LifeProofSuspensionIn(In):
    """The suspension of all people of a district who missed their proof."""

    district: Code = Field(examples=["heping"])
    since: PeriodField = Field(alias="from", description="自该所属期起停发 (first month)")
    document: ShortText = Field(examples=["津社保公告[2021]9号"])


class LifeProofResumptionIn(In):
    """The resumption of all people of a district who proved after their suspension."""

    district: Code = Field(examples=["heping"])
    document: ShortText = Field(examples=["资格认证名单 2021-09"])
