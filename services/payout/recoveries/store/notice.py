"""Texts of notices that ship with the product."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path

from services.payout.recoveries.domain.case import CaseCause
from services.payout.recoveries.domain.notice import RecoveryNoticeText

_PATH = Path(__file__).parents[2] / "data" / "recovery_notices.json"


@cache
def texts() -> tuple[RecoveryNoticeText, ...]:
    """Read every text."""
    return tuple(
        RecoveryNoticeText(
            cause=CaseCause(one["cause"]),
            in_force_from=date.fromisoformat(one["in_force_from"]),
            text=one["text"],
            source=one["source"],
        )
        for one in json.loads(_PATH.read_text("utf-8"))["texts"]
    )
