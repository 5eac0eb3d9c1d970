"""Field types of the rows of a policy pack."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.period import PERIOD_PATTERN
from shared.schema import Day

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
RowId = Annotated[str, StringConstraints(min_length=1, max_length=80)]
SourceId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
RateText = Annotated[str, StringConstraints(min_length=1, max_length=32), Field(examples=["0.16"])]
AmountText = Annotated[
    str, StringConstraints(min_length=1, max_length=32), Field(examples=["3364.00"])
]
KindText = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]{1,31})$")]
PackDay = Day
Month = Annotated[str, StringConstraints(pattern=PERIOD_PATTERN), Field(examples=["2020-02"])]
