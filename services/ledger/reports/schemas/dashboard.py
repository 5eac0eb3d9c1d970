"""Shapes of dashboards: flows, measures and months of payment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from services.ledger.reports.domain.flow import AccountFlow, GroupBy
from services.ledger.reports.domain.measure import (
    ARRIVED,
    COLLECTED,
    DEFINITIONS,
    LEVIED,
    PAID,
    MeasureTerm,
    year_before,
)
from services.ledger.reports.flows.dashboard import CollectionRates, FlowQuery, PaymentCapacity
from services.ledger.reports.schemas.head import entries_link
from services.ledger.rules.domain.chart import Catalogue
from shared.entry import Book, Side
from shared.schema import Out, YuanOut


def decimal_text(value: int, decimals: int) -> str:
    """Write whole hundredths (or millionths) as a decimal: 2425 → "24.25"."""
    whole, part = divmod(abs(value), 10**decimals)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{decimals}d}"


def _optional_text(value: int | None, decimals: int) -> str | None:
    return None if value is None else decimal_text(value, decimals)


def fund_name(catalogue: Catalogue, code: str, on: date) -> str:
    """Return the name of a fund on a day; its code if it has none."""
    fund = catalogue.fund(code, on)
    return fund.name if fund else code


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

    @classmethod
    def of(
        cls, catalogue: Catalogue, flow: AccountFlow, by: GroupBy, district: str | None
    ) -> FlowOut:
        """Answer the movements of one account in one group."""
        account = catalogue.described(flow.account, flow.last)
        sign = -1 if account is not None and account.normal_side is Side.CREDIT else 1
        scope = flow.group if by is GroupBy.DISTRICT else district
        return cls(
            fund=flow.fund,
            book=Book(flow.book),
            account=flow.account,
            group=flow.group,
            opening=sign * flow.opening_net_fen,
            debit=flow.debit_fen,
            credit=flow.credit_fen,
            closing=sign * flow.closing_net_fen,
            entries=entries_link(
                flow.account, flow.fund, flow.book, (flow.first, flow.last), scope
            ),
        )


class FlowsOut(Out):
    """A page of flows, in order of fund, book, account and group."""

    region: str
    from_day: date
    to_day: date
    group_by: GroupBy
    district: str | None
    items: list[FlowOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        query: FlowQuery,
        flows: Sequence[AccountFlow],
        next_cursor: str | None,
        *,
        region: str,
    ) -> FlowsOut:
        """Answer a page of flows."""
        district = query.narrow.district
        return cls(
            region=region,
            from_day=query.first,
            to_day=query.last,
            group_by=query.group_by,
            district=district,
            items=[FlowOut.of(catalogue, flow, query.group_by, district) for flow in flows],
            next_cursor=next_cursor,
            has_more=next_cursor is not None,
        )


# --- measures -------------------------------------------------------------------------------


class MeasureTermOut(Out):
    """A term of a measure, and the paths of its entries."""

    key: str
    name: str
    amount: YuanOut
    entries: list[str]

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        term: MeasureTerm,
        fund: str,
        amount_fen: int,
        days: tuple[date, date],
        district: str | None,
    ) -> MeasureTermOut:
        """Answer a term of one fund over some days."""
        return cls(
            key=term.key,
            name=term.name,
            amount=amount_fen,
            entries=[
                entries_link(account, fund, term.book.value, days, district)
                for account in _accounts(catalogue, term, fund, days[1])
            ],
        )


def _accounts(catalogue: Catalogue, term: MeasureTerm, fund: str, on: date) -> list[str]:
    """List the accounts of a term that take postings of a fund."""
    return [
        row.key
        for row in catalogue.every_account(on)
        if row.postable
        and row.book is term.book
        and (row.key in term.accounts or row.parent in term.accounts)
        and (not row.funds or fund in row.funds)
    ]


class MeasureOut(Out):
    """A measure's value; null if the denominator is not positive."""

    measure: str
    value: str | None = Field(examples=["0.954321"])
    numerator: MeasureTermOut
    denominator: MeasureTermOut


class FundMeasuresOut(Out):
    """The measures of one fund."""

    fund: str
    name: str
    measures: list[MeasureOut]

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        rates: CollectionRates,
        days: tuple[date, date],
        district: str | None,
    ) -> FundMeasuresOut:
        """Answer the collection and arrival rates of one fund."""
        levied, collected, arrived = (
            MeasureTermOut.of(catalogue, term, rates.fund, amount_fen, days, district)
            for term, amount_fen in (
                (LEVIED, rates.levied_fen),
                (COLLECTED, rates.collected_fen),
                (ARRIVED, rates.arrived_fen),
            )
        )
        measures = [
            MeasureOut(
                measure=name, value=_optional_text(value, 6), numerator=term, denominator=levied
            )
            for name, value, term in (
                ("collection_rate", rates.collection_ppm, collected),
                ("arrival_rate", rates.arrival_ppm, arrived),
            )
        ]
        name = fund_name(catalogue, rates.fund, days[1])
        return cls(fund=rates.fund, name=name, measures=measures)


class MeasuresOut(Out):
    """Measures of every fund, with their definitions."""

    region: str
    district: str | None
    from_day: date
    to_day: date
    definitions: dict[str, str]
    funds: list[FundMeasuresOut]

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        rates: Sequence[CollectionRates],
        *,
        region: str,
        district: str | None,
        first: date,
        last: date,
    ) -> MeasuresOut:
        """Answer the rates of every fund."""
        return cls(
            region=region,
            district=district,
            from_day=first,
            to_day=last,
            definitions={name: DEFINITIONS[name] for name in ("collection_rate", "arrival_rate")},
            funds=[FundMeasuresOut.of(catalogue, one, (first, last), district) for one in rates],
        )


class CapacityOut(Out):
    """Months of payment of one fund. `full_year` is false if it has paid for less than a year."""

    fund: str
    name: str
    accumulated: YuanOut
    year_payout: YuanOut
    months: str | None = Field(examples=["24.25"])
    paying_since: date | None
    full_year: bool
    entries: list[str]

    @classmethod
    def of(cls, catalogue: Catalogue, capacity: PaymentCapacity, as_of: date) -> CapacityOut:
        """Answer one fund."""
        first = year_before(as_of)
        payout = MeasureTermOut.of(
            catalogue, PAID, capacity.fund, capacity.year_payout_fen, (first, as_of), None
        )
        return cls(
            fund=capacity.fund,
            name=fund_name(catalogue, capacity.fund, as_of),
            accumulated=capacity.accumulated_fen,
            year_payout=capacity.year_payout_fen,
            months=_optional_text(capacity.months, 2),
            paying_since=capacity.since,
            full_year=capacity.since is not None and capacity.since <= first,
            entries=payout.entries,
        )


class CapacitiesOut(Out):
    """Months of payment capacity of every fund."""

    region: str
    as_of: date
    payout_from: date
    definitions: dict[str, str]
    funds: list[CapacityOut]

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        capacities: Sequence[PaymentCapacity],
        *,
        region: str,
        as_of: date,
    ) -> CapacitiesOut:
        """Answer every fund."""
        return cls(
            region=region,
            as_of=as_of,
            payout_from=year_before(as_of),
            definitions={"months_of_capacity": DEFINITIONS["months_of_capacity"]},
            funds=[CapacityOut.of(catalogue, one, as_of) for one in capacities],
        )
