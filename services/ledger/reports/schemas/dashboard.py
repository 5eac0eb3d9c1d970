"""What dashboards ask for and get, beside the balances."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from pydantic import Field

from services.ledger.reports.domain.flow import Flow, GroupBy
from services.ledger.reports.domain.measure import (
    ARRIVED,
    COLLECTED,
    DEFINITIONS,
    LEVIED,
    PAID,
    Part,
    year_before,
)
from services.ledger.reports.flows.dashboard import Capacity, Collection
from services.ledger.rules.domain.chart import Catalogue
from shared.entry import Book, Side
from shared.schema import Out, YuanOut


def decimal_text(value: int, decimals: int) -> str:
    """Whole hundredths (or millionths) as a decimal string: 2425 → "24.25"."""
    whole, part = divmod(abs(value), 10**decimals)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{decimals}d}"


def _optional_text(value: int | None, decimals: int) -> str | None:
    return None if value is None else decimal_text(value, decimals)


# --- flows ----------------------------------------------------------------------------------


class FlowOut(Out):
    """Movements of one account of a fund in one group; balances on the account's normal side."""

    fund: str
    book: Book
    account: str
    group: str = Field(examples=["2021-07"])
    opening: YuanOut
    debit: YuanOut
    credit: YuanOut
    closing: YuanOut
    entries: str = Field(description="其分录 (path of its entries)")


class FlowsOut(Out):
    """A page of flows, in order of fund, book, account and group."""

    region: str
    from_day: date = Field(serialization_alias="from")
    to_day: date = Field(serialization_alias="to")
    group_by: GroupBy
    district: str | None
    items: list[FlowOut]
    next_cursor: str | None
    has_more: bool


def flow_out(catalogue: Catalogue, flow: Flow, by: GroupBy, district: str | None) -> FlowOut:
    """A flow going out."""
    account = catalogue.described(flow.account, flow.last)
    sign = -1 if account is not None and account.normal_side is Side.CREDIT else 1
    of = flow.group if by is GroupBy.DISTRICT else district
    return FlowOut(
        fund=flow.fund,
        book=Book(flow.book),
        account=flow.account,
        group=flow.group,
        opening=sign * flow.opening_net_fen,
        debit=flow.debit_fen,
        credit=flow.credit_fen,
        closing=sign * flow.closing_net_fen,
        entries=entries_path(
            flow.account,
            fund=flow.fund,
            book=flow.book,
            district=of,
            first=flow.first,
            last=flow.last,
        ),
    )


def entries_path(
    account: str, *, fund: str, book: str, district: str | None, first: date, last: date
) -> str:
    """Where the entries behind a figure are read."""
    asked = {"fund": fund, "book": book, "from": first.isoformat(), "to": last.isoformat()}
    if district is not None:
        asked["district"] = district
    return f"/v1/accounts/{account}/entries?{urlencode(asked)}"


# --- measures -------------------------------------------------------------------------------


class MeasurePartOut(Out):
    """A sum that a measure is made of, and where its entries are."""

    key: str
    name: str
    amount: YuanOut
    entries: list[str]


class MeasuredOut(Out):
    """A measure's value; null when there is nothing to divide by."""

    measure: str
    value: str | None = Field(examples=["0.954321"])
    numerator: MeasurePartOut
    denominator: MeasurePartOut


class FundMeasuresOut(Out):
    """The measures of one fund."""

    fund: str
    name: str
    measures: list[MeasuredOut]


class MeasuresOut(Out):
    """Measures of every fund, with their definitions."""

    region: str
    district: str | None
    from_day: date = Field(serialization_alias="from")
    to_day: date = Field(serialization_alias="to")
    definitions: dict[str, str]
    funds: list[FundMeasuresOut]


class CapacityOut(Out):
    """可支付月数 of one fund. `full_year` is false while it has paid for less than a year."""

    fund: str
    name: str
    accumulated: YuanOut
    year_payout: YuanOut
    months: str | None = Field(examples=["24.25"])
    paying_since: date | None
    full_year: bool
    entries: list[str]


class CapacitiesOut(Out):
    """Months of payment capacity of every fund."""

    region: str
    as_of: date
    payout_from: date
    definitions: dict[str, str]
    funds: list[CapacityOut]


def _accounts(catalogue: Catalogue, part: Part, fund: str, on: date) -> list[str]:
    """Accounts of a part that a fund may use, such as take postings."""
    return [
        row.key
        for row in catalogue.every_account(on)
        if row.postable
        and row.book is part.book
        and (row.key in part.accounts or row.parent in part.accounts)
        and (not row.funds or fund in row.funds)
    ]


def _part_out(
    catalogue: Catalogue,
    part: Part,
    fund: str,
    amount_fen: int,
    span: tuple[date, date],
    district: str | None,
) -> MeasurePartOut:
    first, last = span
    return MeasurePartOut(
        key=part.key,
        name=part.name,
        amount=amount_fen,
        entries=[
            entries_path(
                account, fund=fund, book=part.book.value, district=district, first=first, last=last
            )
            for account in _accounts(catalogue, part, fund, last)
        ],
    )


def measures_out(
    catalogue: Catalogue,
    found: Sequence[Collection],
    *,
    region: str,
    district: str | None,
    first: date,
    last: date,
) -> MeasuresOut:
    """Collection and arrival going out."""
    funds = []
    for one in found:
        levied, collected, arrived = (
            _part_out(catalogue, part, one.fund, amount_fen, (first, last), district)
            for part, amount_fen in (
                (LEVIED, one.levied_fen),
                (COLLECTED, one.collected_fen),
                (ARRIVED, one.arrived_fen),
            )
        )
        rates = (
            ("collection_rate", one.collection_ppm, collected),
            ("arrival_rate", one.arrival_ppm, arrived),
        )
        measures = [
            MeasuredOut(
                measure=name, value=_optional_text(value, 6), numerator=part, denominator=levied
            )
            for name, value, part in rates
        ]
        funds.append(
            FundMeasuresOut(
                fund=one.fund, name=fund_name(catalogue, one.fund, last), measures=measures
            )
        )
    names = ("collection_rate", "arrival_rate")
    return MeasuresOut(
        region=region,
        district=district,
        from_day=first,
        to_day=last,
        definitions={name: DEFINITIONS[name] for name in names},
        funds=funds,
    )


def fund_name(catalogue: Catalogue, code: str, on: date) -> str:
    """What a fund is called on a day."""
    fund = catalogue.fund(code, on)
    return fund.name if fund else code


def capacities_out(
    catalogue: Catalogue, found: Sequence[Capacity], *, region: str, as_of: date
) -> CapacitiesOut:
    """Months of payment capacity going out."""
    first = year_before(as_of)
    return CapacitiesOut(
        region=region,
        as_of=as_of,
        payout_from=first,
        definitions={"months_of_capacity": DEFINITIONS["months_of_capacity"]},
        funds=[
            CapacityOut(
                fund=one.fund,
                name=fund_name(catalogue, one.fund, as_of),
                accumulated=one.accumulated_fen,
                year_payout=one.year_payout_fen,
                months=_optional_text(one.months, 2),
                paying_since=one.since,
                full_year=one.since is not None and one.since <= first,
                entries=_part_out(
                    catalogue, PAID, one.fund, one.year_payout_fen, (first, as_of), None
                ).entries,
            )
            for one in found
        ],
    )
