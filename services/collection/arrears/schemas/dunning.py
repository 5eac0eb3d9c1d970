"""Shapes of dunning notices (催缴通知书)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field

from services.collection.arrears.flows.dunning import DunningResult
from services.collection.arrears.store.dunning import DunningNoticeLineRow, DunningNoticeRow
from services.collection.common.schemas.common import Day
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, YuanOut


class DunningRunIn(In):
    """A request to dun the units of a district for amounts overdue on a day."""

    district: Code = Field(examples=["heping"])
    day: Day


class DunningRunOut(Out):
    """Counts: `created` now, `replayed` units that had a notice of that day, `notices` in total."""

    district: str
    day: date
    created: int
    replayed: int
    notices: int
    created_open: YuanOut = Field(description="本次催缴欠费合计 (total of the new notices)")

    @classmethod
    def of(cls, district: str, day: date, result: DunningResult) -> DunningRunOut:
        """Build the answer from the flow's result."""
        return cls(
            district=district,
            day=day,
            created=result.created,
            replayed=result.replayed,
            notices=result.notices,
            created_open=result.open_fen,
        )


class DunningNoticeHeadOut(Out):
    """A notice without its lines: amounts overdue on its day, and charges accrued on them."""

    id: str = Field(examples=[Reference.DUNNING_NOTICE.example])
    number: str = Field(examples=["CJ-heping-20211025-000001"])
    credit_code: str
    district: str
    day: date
    oldest: str = Field(examples=["2021-07"], description="最早欠费所属期")
    open: YuanOut
    late_fee: YuanOut
    interest: YuanOut
    made_by: str

    @classmethod
    def of(cls, row: DunningNoticeRow) -> DunningNoticeHeadOut:
        """Build the answer from a stored notice."""
        return cls(**cls.members(row))

    @classmethod
    def members(cls, row: DunningNoticeRow) -> dict[str, Any]:
        """Return the members of a header."""
        return {
            "id": Ref(row.unit_id, row.id).text(Reference.DUNNING_NOTICE),
            "number": row.number,
            "credit_code": row.credit_code,
            "district": row.district,
            "day": row.day,
            "oldest": row.oldest,
            "open": row.open_fen,
            "late_fee": row.late_fee_fen,
            "interest": row.interest_fen,
            "made_by": row.made_by,
        }


class DunningNoticeLineOut(Out):
    """The overdue amount of one insurance and party."""

    insurance: str
    party: str
    open: YuanOut
    late_fee: YuanOut
    interest: YuanOut


class DunningNoticeOut(DunningNoticeHeadOut):
    """A notice with its lines, which sum to its totals."""

    lines: list[DunningNoticeLineOut]

    @classmethod
    def whole(
        cls, row: DunningNoticeRow, lines: Sequence[DunningNoticeLineRow]
    ) -> DunningNoticeOut:
        """Build the answer from a stored notice."""
        return cls(
            **cls.members(row),
            lines=[
                DunningNoticeLineOut(
                    insurance=line.insurance,
                    party=line.party,
                    open=line.open_fen,
                    late_fee=line.late_fee_fen,
                    interest=line.interest_fen,
                )
                for line in lines
            ],
        )
