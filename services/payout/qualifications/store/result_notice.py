"""Texts of result notices that ship with the product."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path

from services.payout.qualifications.domain.qualification import QualificationStatus
from services.payout.qualifications.domain.result_notice import ResultNoticeText

_PATH = Path(__file__).parents[2] / "data" / "qualification_notices.json"


@cache
def texts() -> tuple[ResultNoticeText, ...]:
    """Read every text."""
    return tuple(
        ResultNoticeText(
            status=QualificationStatus(one["status"]),
            in_force_from=date.fromisoformat(one["in_force_from"]),
            text=one["text"],
            source=one["source"],
        )
        for one in json.loads(_PATH.read_text("utf-8"))["texts"]
    )
