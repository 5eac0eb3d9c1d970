"""The clerks of the sandbox: they take one new unit through a month, so that there is a bill to pay.

They work through the public API with the sandbox's own people, step by step as districts and the
centre do. Each unit has numbers of its own, counted in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.sandbox.journal import Journal
from shared.cn import credit_code, identity_number
from shared.errors import Kind, Refusal
from shared.money import format_yuan
from shared.web.client import Peer

WAGE_FEN: Final = 800_000
_AGREED_ON: Final = "2021-01-04"
_COUNT: Final = "units"
_LOOKS: Final = 600
_LOOK_SECONDS: Final = 0.2


class BillLate(Refusal):
    """征缴服务未在限时内开出缴费单 (collection issued no bill in time): does its worker run?"""

    kind = Kind.UNAVAILABLE
    code = "BILL_LATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMonth:
    """A month to play: a unit with so many people, which pays by tax or by bank."""

    period: str
    district: str
    collector: str
    people: int
    bill_date: date


@dataclass(frozen=True, slots=True)
class Clerks:
    """People of the sandbox, each with an own token."""

    journal: Journal
    peer: Callable[[str], Peer]
    """Gives the way to collection of a person."""

    async def play(self, month: NewMonth) -> Mapping[str, Any]:
        """Register a unit, declare, accept, review, summarise and audit; return its bill.

        Raises:
            PeerError: collection refused a step.
            BillLate: its worker issued no bill.
        """
        number = int(self.journal.note(_COUNT) or 0) + 1
        self.journal.keep(_COUNT, str(number))
        code = credit_code.with_check_character(f"91120101MA{number:07d}")
        clerk, reviewer = f"district_clerk.{month.district}", f"district_reviewer.{month.district}"
        people = [_identity(number, index) for index in range(month.people)]
        await self._register(clerk, code, number, people, month)
        paper = await self._declare(code, people, month)
        await self._post(clerk, f"/v1/declarations/{paper}/acceptances")
        await self._post(reviewer, f"/v1/declarations/{paper}/reviews")
        wanted = {"district": month.district, "period": month.period}
        summary = await self._post(reviewer, "/v1/summaries", wanted)
        audit = {"control": summary["control"], "bill_date": month.bill_date.isoformat()}
        await self._post("centre_auditor", f"/v1/summaries/{summary['id']}/audits", audit)
        return await self._bill(code, month.period)

    async def create_debit_batch(self, period: str, day: date) -> Mapping[str, Any]:
        """Let the cashier form a batch of the open bills of a period."""
        body = {"period": period, "debit_date": day.isoformat()}
        found: Mapping[str, Any] = await self._post("centre_cashier", "/v1/debit-batches", body)
        return found

    async def _register(
        self, clerk: str, code: str, number: int, people: list[str], month: NewMonth
    ) -> None:
        unit = {
            "credit_code": code,
            "name": f"沙箱单位{number}",
            "kind": "enterprise",
            "district": month.district,
            "injury_class": 1,
            "collector": month.collector,
            "bank_account": {
                "bank": "沙箱银行",
                "number": f"6222{number:015d}",
                "name": f"沙箱单位{number}",
            },
        }
        await self._post(clerk, "/v1/unit-batches", {"units": [unit]})
        if month.collector == "bank_debit":
            await self._agree(clerk, unit)
        enrolled = [
            {"identity_number": one, "name": f"职工{index}", "joined_on": f"{month.period}-01"}
            for index, one in enumerate(people, 1)
        ]
        await self._post(clerk, f"/v1/units/{code}/enrolments", {"people": enrolled})

    async def _agree(self, clerk: str, unit: Mapping[str, Any]) -> None:
        """Sign the three-party agreement under which a unit is debited."""
        paper = {
            "number": f"SF-{unit['credit_code'][-10:]}",
            "bank_account": unit["bank_account"],
            "valid_from": _AGREED_ON,
            "signed_on": _AGREED_ON,
        }
        path = f"/v1/units/{unit['credit_code']}/debit-agreements"
        filed = await self._post(clerk, path, paper)
        await self._post("department_head", f"/v1/debit-agreements/{filed['id']}/approvals", {})

    async def _declare(self, code: str, people: list[str], month: NewMonth) -> str:
        wages = format_yuan(WAGE_FEN * len(people))
        body = {
            "credit_code": code,
            "period": month.period,
            "unit_wage_total": wages,
            "control": {"people": len(people), "wages": wages},
            "people": [{"identity_number": one, "wage": format_yuan(WAGE_FEN)} for one in people],
        }
        return str((await self._post("employer_portal", "/v1/declarations", body))["id"])

    async def _bill(self, code: str, period: str) -> Mapping[str, Any]:
        for _ in range(_LOOKS):
            path, reader = "/v1/bills", self.peer("centre_auditor")
            found = await reader.get(path, credit_code=code, period=period)
            if found["items"]:
                bill: Mapping[str, Any] = found["items"][0]
                return bill
            await asyncio.sleep(_LOOK_SECONDS)
        raise BillLate

    async def _post(self, person: str, path: str, body: Any = None) -> Any:
        key = f"sandbox-{int(self.journal.note('steps') or 0) + 1:08d}"
        self.journal.keep("steps", str(int(key[8:])))
        return await self.peer(person).post(path, {} if body is None else body, key=key)


def _identity(number: int, index: int) -> str:
    """Make an identity number: a day of birth for each unit, an order number for each person."""
    born = date.fromordinal(date(1970, 1, 1).toordinal() + number)
    return identity_number.with_check_digit(f"120101{born:%Y%m%d}{index:03d}")
