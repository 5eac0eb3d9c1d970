"""The header of every statutory report, and links from figures to their entries."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from services.ledger.common.schemas import UNIT_NOTE
from services.ledger.reports.domain.span import Span
from services.ledger.rules.domain.chart import Fund
from shared.schema import Out


def entries_link(
    account: str,
    fund: str | None,
    book: str,
    days: tuple[date | None, date],
    district: str | None = None,
    *,
    carry_over: bool = True,
) -> str:
    """Return the path that lists the entries behind a figure."""
    values = {
        "fund": fund,
        "book": book,
        "from": days[0].isoformat() if days[0] else None,
        "to": days[1].isoformat(),
        "district": district,
        "carry_over": None if carry_over else "false",
    }
    query = urlencode({name: value for name, value in values.items() if value is not None})
    return f"/v1/accounts/{account}/entries?{query}"


class ReportHeader(Out):
    """The fund and the days of a report."""

    fund: str
    fund_name: str
    period: str = Field(examples=["2021-07"])
    from_day: date
    to_day: date


def header_of(fund: Fund, span: Span) -> dict[str, Any]:
    """Return the members of `ReportHeader`."""
    return {
        "fund": fund.code,
        "fund_name": fund.name,
        "period": span.label,
        "from_day": span.first,
        "to_day": span.last,
    }


def notes_of(fund: Fund, span: Span, *more: str) -> tuple[str, ...]:
    """Return the lines above a sheet: fund, days, unit of amounts."""
    return (
        f"编制单位:{fund.name}",
        f"期间:{span.label}({span.first} 至 {span.last})",
        *more,
        UNIT_NOTE,
    )


def file_of(kind: str, fund: Fund, span: Span) -> str:
    """Return the name of a report's file."""
    return f"{kind}-{fund.code}-{span.label}"
