"""Clients of collection and the ledger: a person's months and account, and a unit's last year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import httpx

from services.payout.common.clients import CollectionClient
from services.payout.formulas.domain.person import (
    PENSION,
    PersonRecord,
    PersonYear,
    doubled_months,
)
from services.payout.formulas.domain.unit import StableJobQuestion, UnitQuestion, UnitRecord
from shared.errors import Kind, Refusal
from shared.money import parse_yuan
from shared.period import Period
from shared.roles import Caller
from shared.web.client import Peer, PeerError

FIRST_YEAR: Final = 1990


class BenefitRecordUnavailable(Refusal):
    """征缴或账务服务暂不可用,无法取得缴费记录,请稍后重试 (the records cannot be read now; try again later)"""

    kind = Kind.UNAVAILABLE
    code = "BENEFIT_RECORD_UNAVAILABLE"


class InsuredPersonUnknown(Refusal):
    """征缴系统没有该参保人 (collection has no such person)"""

    kind = Kind.NOT_FOUND
    code = "PERSON_UNKNOWN"


class BenefitRecords:
    """Reads what collection and the ledger know of a person or a unit."""

    def __init__(self, collection: Peer, ledger: Peer) -> None:
        self._collection = collection
        self._ledger = ledger
        self._units = CollectionClient(collection)

    async def of(self, person: str, day: date) -> PersonRecord:
        """Read a person's paid months, and the balance of the pension account at a year's end so far.

        Raises:
            InsuredPersonUnknown: collection has no such person.
            BenefitRecordUnavailable: no answer, or an answer that cannot be read.
        """
        try:
            record = await self._collection.get(f"/v1/people/{person}/contributions")
            statement = await self._ledger.get(
                f"/v1/personal-accounts/{record['person']}/statement",
                from_year=FIRST_YEAR,
                to_year=day.year,
            )
            return _record(record, statement)
        except PeerError as error:
            if error.status == 404:
                raise InsuredPersonUnknown(person=person) from None
            raise BenefitRecordUnavailable(status=error.status, peer_code=error.code) from None
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise BenefitRecordUnavailable(reason=type(error).__name__) from None

    async def of_unit(
        self, credit_code: str, day: date, question: UnitQuestion, caller: Caller
    ) -> UnitRecord:
        """Read what a question needs of a unit's last year.

        Raises:
            Forbidden: the unit is of another district.
            UnitUnknown: collection has no such unit.
            CollectionUnavailable: no answer, or an answer that cannot be read.
        """
        year = day.year - 1
        if isinstance(question, StableJobQuestion):
            paid = await self._units.paid_year(credit_code, "unemployment", year)
            caller.require_district(paid.district)
            arrears = await self._units.arrears(credit_code, day)
            return UnitRecord(year=year, paid=paid, overdue=arrears.overdue)
        wage = await self._units.average_wage(credit_code, year)
        caller.require_district(wage.district)
        return UnitRecord(year=year, average_wage_fen=wage.average_fen)


def _record(record: dict[str, Any], statement: dict[str, Any]) -> PersonRecord:
    bases: dict[str, list[int]] = defaultdict(list)
    for month in record["last_months"]:
        bases[month["insurance"]].append(parse_yuan(month["base"]))
    closings = [
        (year["year"], parse_yuan(year["closing"]))
        for year in statement["items"]
        if year["fund"] == PENSION
    ]
    birth = record["birth_month"]
    paid = _years(record["years"])
    brought = _years({"insurance": one["fund"]} | one for one in statement.get("brought", ()))
    return PersonRecord(
        person=record["person"],
        districts=tuple(record["districts"]),
        birth=None if birth is None else Period.parse(birth),
        is_female=record["female"],
        years=paid + brought,
        last_bases_fen={insurance: tuple(found) for insurance, found in bases.items()},
        account_fen=max(closings)[1] if closings else 0,
        doubled_months=doubled_months(paid, brought, PENSION),
    )


def _years(years: Iterable[dict[str, Any]]) -> tuple[PersonYear, ...]:
    return tuple(
        PersonYear(
            insurance=year["insurance"],
            year=year["year"],
            months=year["months"],
            bases_fen=parse_yuan(year["base_total"]),
        )
        for year in years
    )
