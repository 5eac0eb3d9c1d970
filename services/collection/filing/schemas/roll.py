"""Shapes of carrying declarations on."""

from __future__ import annotations

from pydantic import Field

from shared.schema import Code, In, PeriodField


class RollIn(In):
    """Which district is carried on into which period."""

    district: Code = Field(examples=["heping"])
    period: PeriodField
