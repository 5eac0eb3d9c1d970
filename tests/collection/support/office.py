"""An office for route tests: requests by role, and units and declarations created on demand."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from shared.cn import credit_code, identity_number
from shared.db import asyncpg_dsn
from shared.money import format_yuan, parse_yuan
from tests.conftest import Bearer

PERIOD = "2021-07"
_codes = itertools.count(1)
_people = itertools.count(1)


def a_code() -> str:
    """Return a valid credit code that no other test uses."""
    return credit_code.with_check_character(f"91120102MA{next(_codes):07d}")


def a_person(wage: str = "6500.00") -> dict[str, str]:
    """Return a declared person with a valid number that no other test uses."""
    order = next(_people)
    day, number = divmod(order, 900)
    head = f"120101{1950 + day // 336:04d}{day // 28 % 12 + 1:02d}{day % 28 + 1:02d}{number:03d}"
    return {"identity_number": identity_number.with_check_digit(head), "wage": wage}


def control_of(people: list[dict[str, Any]]) -> dict[str, Any]:
    """Compute the control totals of people."""
    wages = [person.get("wage") or person["wages"]["*"] for person in people]
    return {
        "people": len(people),
        "wages": format_yuan(sum(parse_yuan(wage) for wage in wages)),
    }


@dataclass(frozen=True)
class Office:
    """Requests of all roles over one client."""

    api: httpx.AsyncClient
    bearer: Bearer
    database_url: str

    async def post(
        self,
        role: str,
        path: str,
        body: Any = None,
        *,
        district: str = "heping",
        subject: str | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """POST as a role; district roles belong to `district`."""
        headers = self._headers(role, district, subject)
        if key:
            headers["Idempotency-Key"] = key
        return await self.api.post(path, json=body, headers=headers)

    async def get(
        self, role: str, path: str, *, district: str = "heping", **params: Any
    ) -> httpx.Response:
        """GET as a role."""
        return await self.api.get(path, params=params, headers=self._headers(role, district, None))

    def _headers(self, role: str, district: str, subject: str | None) -> dict[str, str]:
        place = district if role.startswith("district_") else "centre"
        return self.bearer(role, place, subject)

    async def unit(self, *, district: str = "heping", **facts: Any) -> str:
        """Register a unit; return its credit code."""
        code = a_code()
        body = a_unit(code, district=district, **facts)
        answer = await self.post("district_clerk", "/v1/units", body, district=district)
        assert answer.status_code == 201, answer.text
        return code

    async def enrol(
        self, code: str, people: list[dict[str, Any]], *, district: str = "heping"
    ) -> None:
        """Enrol declared people at a unit."""
        body = {
            "people": [
                {
                    "identity_number": person["identity_number"],
                    "name": "张三",
                    "joined_on": "2020-01-01",
                }
                for person in people
            ]
        }
        path = f"/v1/units/{code}/enrolments"
        answer = await self.post("district_clerk", path, body, district=district)
        assert answer.status_code == 201, answer.text

    async def declare(
        self, code: str, people: list[dict[str, Any]], **other: Any
    ) -> httpx.Response:
        """Submit a declaration with correct control totals."""
        body = a_declaration(code, people, **other)
        return await self.post("employer_portal", "/v1/declarations", body)

    async def declared(
        self, *wages: str, district: str = "heping", period: str = PERIOD, **facts: Any
    ) -> dict[str, Any]:
        """Declare new people with these wages at a new unit."""
        code = await self.unit(district=district, **facts)
        people = [a_person(wage) for wage in wages or ("6500.00",)]
        await self.enrol(code, people, district=district)
        answer = await self.declare(code, people, period=period)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def reviewed(self, *wages: str, district: str = "heping", **other: Any) -> dict[str, Any]:
        """Create a declaration that the district has accepted and reviewed."""
        paper = await self.declared(*wages, district=district, **other)
        for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
            answer = await self.post(
                role, f"/v1/declarations/{paper['id']}/{act}", district=district
            )
            assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Read rows of the database as its administrator."""
        connection = await asyncpg.connect(
            asyncpg_dsn(self.database_url), server_settings={"search_path": "collection,public"}
        )
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()


def a_unit(code: str, *, district: str = "heping", **facts: Any) -> dict[str, Any]:
    """Build the registration of a unit."""
    return {
        "credit_code": code,
        "name": "天津和顺机械有限公司",
        "kind": "enterprise",
        "district": district,
        "injury_class": 1,
        "collector": "bank_debit",
        "bank_account": {
            "bank": "中国工商银行天津和平支行",
            "number": "0302000000000001234",
            "name": "天津和顺机械有限公司",
        },
    } | facts


def a_declaration(code: str, people: list[dict[str, Any]], **other: Any) -> dict[str, Any]:
    """Build a declaration with correct control totals."""
    return {
        "credit_code": code,
        "period": PERIOD,
        "control": control_of(people),
        "people": people,
    } | other


def codes_of(answer: httpx.Response) -> dict[str, str]:
    """Map the pointer of every fault in a problem to its code."""
    return {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}
