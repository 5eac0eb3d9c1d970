"""A little life of payout in which names and accounts appear, and a search for them in its tables."""

import re
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from shared.db import Database
from tests.payout.support.office import Office
from tests.payout.support.papers import account, hospital_claim, pensioner, result

NAMES = ("欧阳秋月", "天津市第九专科医院")
ACCOUNTS = re.compile(rb"62220203020645\d{5}")

COLUMNS = """
SELECT table_name, column_name
  FROM information_schema.columns
 WHERE table_schema = 'payout' AND data_type IN ('text', 'jsonb', 'bytea')
"""


async def readable(db: Database) -> set[str]:
    """List the columns of payout in which a name or an account can be read."""
    found = set()
    async with db.transaction() as tx:
        await tx.execute(text("SET LOCAL ROLE NONE"))
        for table, column in (await tx.execute(text(COLUMNS))).all():
            values = (
                await tx.execute(text(f'SELECT "{column}" AS value FROM "{table}"'))
            ).scalars()
            for value in values:
                raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                if ACCOUNTS.search(raw) or any(name.encode() in raw for name in NAMES):
                    found.add(f"{table}.{column}")
    return found


def named(body: dict[str, Any], name: str) -> dict[str, Any]:
    return body | {"name": name, "bank_account": body["bank_account"] | {"name": name}}


async def lived(office: Office, district: str, *serials: int) -> str:
    """Register, pay, refuse, correct and pay again; return the hospital's second batch."""
    people = [named(pensioner(serial), NAMES[0]) for serial in serials]
    assert (await office.register(people, district)).status_code == 201
    run = await office.approve((await office.run_pensions("2021-07", district)).json())
    claim = hospital_claim("100.00", "200.00", district=district)
    for line in claim["lines"]:
        line["payee_name"] = line["bank_account"]["name"] = NAMES[1]
    batch = await office.ready_batch(claim)
    lines = await office.lines(batch)
    await office.report(batch, [result(lines[0]), result(lines[1], "refused")])
    hospital = (await office.ask("GET", "/v1/failed-payments", role="supervisor")).json()["items"]
    failed = next(row for row in hospital if row["payment_batch"] == batch)
    body = {"line": failed["line"], "bank_account": account(1999, NAMES[1]), "note": "账号有误"}
    path = f"/v1/claims/{failed['claim']}/account-corrections"
    how = {"district": district, "key": uuid4().hex}
    proposed = await office.ask("POST", path, body, role="district_clerk", **how)
    assert proposed.status_code == 201, proposed.text
    again = await office.ask("POST", path, body, role="district_clerk", **how)
    assert again.json() == proposed.json(), "the sealed answer is given again"
    path = f"/v1/account-corrections/{proposed.json()['id']}/approvals"
    await office.ask("POST", path, {}, role="district_reviewer", district=district)
    second = await office.batch([failed["claim"]])
    await office.fund()
    await office.batch([run])
    return str(second.json()["id"])


async def payee_names(office: Office, claim: str) -> list[str]:
    """Read the whole names of a claim's payees, by the right to do so."""
    answer = await office.ask("GET", f"/v1/claims/{claim}/payees", role="supervisor")
    assert answer.status_code == 200, answer.text
    return [str(one["payee_name"]) for one in answer.json()["items"]]
