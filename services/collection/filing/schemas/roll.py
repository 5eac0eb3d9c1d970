"""Shape of a request for all units of a district."""

from __future__ import annotations

from pydantic import Field

from shared.schema import Code, In, PeriodField


class RollIn(In):
    """A district and a period."""

    district: Code = Field(examples=["heping"])
    period: PeriodField
