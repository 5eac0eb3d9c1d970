"""Units that owe: they pay late, in parts, or not at all."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any

import httpx

from tests.collection.support.money import Owed, line, owe, push, vouchers
from tests.conftest import Bearer

DUE = "2021-08-25"
PENSION = ("pension", "unit", "pooled", "pension", 10_000_00)
STAFF = ("pension", "personal", "personal_account", "pension", 5_000_00)
keys = count(1)


def after(days: int) -> str:
    """So many days after the due day."""
    return (date.fromisoformat(DUE) + timedelta(days)).isoformat()


@dataclass
class Debtors:
    """A running collection and what units that owe do."""

    api: httpx.AsyncClient
    bearer: Bearer
    url: str

    async def pay(
        self, owed: Owed, amount_fen: int, paid_on: str, *, booked_on: str | None = None
    ) -> dict[str, Any]:
        """A tax payment of the bill's period."""
        serial = f"L{next(keys)}"
        row = line(serial, owed.credit_code, amount_fen, owed.period, paid_on=paid_on)
        return await self.push(push(serial, [row], collected_on=booked_on or paid_on))

    async def push(self, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        headers = self.bearer("tax_bureau") | {"Idempotency-Key": key or f"k-{next(keys)}"}
        answer = await self.api.post("/v1/tax-pushes", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, path: str, role: str = "supervisor", **params: Any) -> Any:
        answer = await self.api.get(path, headers=self.bearer(role), params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def arrears(self, owed: Owed, as_of: str, **params: Any) -> Any:
        path = f"/v1/units/{owed.credit_code}/arrears"
        return await self.get(path, "payout_service", as_of=as_of, **params)

    async def charges(self, owed: Owed) -> Any:
        return (await self.get(f"/v1/units/{owed.credit_code}/charges"))["items"]

    async def bills(self, owed: Owed) -> list[Any]:
        found = await self.get("/v1/bills", credit_code=owed.credit_code)
        return list(found["items"])

    async def owe(self, *lines: tuple[str, str, str, str, int], **other: Any) -> Owed:
        (owed,) = await owe(self.url, lines=lines or (PENSION,), **({"due_on": DUE} | other))
        return owed

    async def vouchers_of(self, owed: Owed, *kinds: str) -> list[dict[str, Any]]:
        return [v for v in await vouchers(self.url, kinds=kinds) if v["owner"] == owed.credit_code]

    async def post(
        self,
        path: str,
        body: Any = None,
        role: str = "district_clerk",
        district: str = "heping",
        subject: str | None = None,
    ) -> httpx.Response:
        """Post a request as somebody; district roles belong to `district`."""
        place = district if role.startswith("district_") else "centre"
        headers = self.bearer(role, place, subject) | {"Idempotency-Key": f"k-{next(keys)}"}
        return await self.api.post(path, json=body, headers=headers)
