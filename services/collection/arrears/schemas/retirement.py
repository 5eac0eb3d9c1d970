"""Shapes of the facts that keep a person from retiring."""

from __future__ import annotations

from base64 import b64encode

from pydantic import Field

from services.collection.arrears.domain.retirement import RetirementFacts
from shared.references import Reference
from shared.schema import Out, PeriodField
from shared.security.transit import Transit


class UnpaidMonthsOut(Out):
    """The person's months that are overdue at a unit."""

    credit_code: str
    district: str
    months: int = Field(description="欠缴月数 (months owed)")
    first: PeriodField
    last: PeriodField


class RetirementFactsOut(Out):
    """Facts that keep a person from retiring. The name is sealed for the reading service."""

    person: str = Field(description="现存记录 (the surviving record)")
    sealed_name: str
    doubled_months: int = Field(description="在两个单位重复缴费的月数 (months paid at two units)")
    unpaid: list[UnpaidMonthsOut]

    @classmethod
    def of(cls, facts: RetirementFacts, name: Transit) -> RetirementFactsOut:
        """Build it from the facts."""
        return cls(
            person=facts.person.text(Reference.PERSON),
            sealed_name=b64encode(name.send(facts.sealed_name)).decode(),
            doubled_months=len(facts.doubled),
            unpaid=[
                UnpaidMonthsOut(
                    credit_code=one.credit_code,
                    district=one.district,
                    months=len(one.periods),
                    first=one.periods[0],
                    last=one.periods[-1],
                )
                for one in facts.unpaid
            ],
        )
