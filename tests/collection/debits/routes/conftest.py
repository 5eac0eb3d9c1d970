"""The centre, units that pay by debit, and a bank, for tests of agreements and files."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest

from services.collection.app import build
from tests.conftest import Bearer, ClientOf, SettingsFor

_keys = count(1)


@dataclass
class DebitDesk:
    """The people and machines that handle direct debits."""

    client: httpx.AsyncClient
    bearer: Bearer
    url: str

    async def send(
        self,
        role: str,
        path: str,
        body: Any = None,
        *,
        district: str = "centre",
        key: str = "",
        signature: str | None = None,
    ) -> httpx.Response:
        """Send a body: JSON, or a file as bytes, perhaps with its signature."""
        headers = self.bearer(role, district) | {"Idempotency-Key": key or f"dd-{next(_keys)}"}
        if signature is not None:
            headers["File-Signature"] = signature
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/xml"
            return await self.client.post(path, content=body, headers=headers)
        return await self.client.post(path, json=body, headers=headers)

    async def done(self, role: str, path: str, body: Any = None, **more: Any) -> Any:
        """Send a body that is not refused."""
        answer = await self.send(role, path, body, **more)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def get(self, role: str, path: str, **params: Any) -> Any:
        """Read a JSON answer."""
        answer = await self.client.get(path, params=params, headers=self.bearer(role))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def batch(self, period: str, *, day: int = 28, bank: str = "city") -> Any:
        """Make a batch of a bank."""
        body = {"period": period, "debit_date": f"{period}-{day}", "bank": bank}
        return await self.done("centre_cashier", "/v1/debit-batches", body)

    async def agree(self, credit_code: str, **other: Any) -> Any:
        """File and approve an agreement."""
        body = {
            "number": "SF-1",
            "bank_account": {"bank": "某银行", "number": "6222020302001234567", "name": "某公司"},
            "valid_from": "2010-01-04",
            "signed_on": "2010-01-04",
        } | other
        path = f"/v1/units/{credit_code}/debit-agreements"
        filed = await self.done("district_clerk", path, body, district="heping")
        path = f"/v1/debit-agreements/{filed['id']}/approvals"
        return await self.done("department_head", path, {})

    async def exclusions(self, batch: str) -> dict[str, str]:
        """Credit code → the reason for which its bill was left out."""
        path = f"/v1/debit-batches/{batch}/exclusions"
        found = await self.get("centre_cashier", path, limit=500)
        return {one["credit_code"]: one["reason"] for one in found["items"]}


@pytest.fixture(scope="module")
async def desk(
    database_url: str, settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer
) -> AsyncIterator[DebitDesk]:
    async with client_of(build(settings_for())) as client:
        yield DebitDesk(client, bearer, database_url)
