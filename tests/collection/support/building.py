"""Construction projects for tests: policies, registration, declaration, bills and payment."""

from copy import deepcopy
from itertools import count, cycle
from typing import Any

import httpx

from services.collection import worker
from services.collection.common.store import shipped as common_shipped_store
from shared.db import Database
from shared.money import parse_yuan
from tests.collection.support.money import line as tax_line
from tests.collection.support.money import push
from tests.collection.support.office import Office
from tests.collection.support.policies import publish

TIERS = [
    {
        "id": "small",
        "from": "0.00",
        "below": "1000000000.00",
        "rate": "0.0012",
        "source": "yichang",
    },
    {
        "id": "middle",
        "from": "1000000000.00",
        "below": "5000000000.00",
        "rate": "0.001",
        "source": "yichang",
    },
    {"id": "large", "from": "5000000000.00", "rate": "0.0008", "source": "yichang"},
]
_numbers = count(1)
_districts = cycle(["hexi", "nankai", "hebei", "dongli", "jinnan", "binhai", "hedong", "xiqing"])


def new_district() -> str:
    """Return another district than in the last seven calls."""
    return next(_districts)


async def publish_rules(office: Office) -> None:
    """Publish policies: 2022 levies 0.1 % of every contract, 2023 by the tiers of Yichang."""
    (base,) = [pack for pack in common_shipped_store.packs() if pack["pack"] == "tianjin-2021"]
    source = {"id": "yichang", "text": "宜昌:按造价分档0.12%、0.1%、0.08%", "certain": False}
    flat = [{"id": "flat", "from": "0.00", "rate": "0.001", "source": "yichang"}]
    for year, tiers in ((2022, flat), (2023, TIERS)):
        pack = deepcopy(base) | {
            "pack": f"tianjin-{year}",
            "in_force_from": f"{year}-01-01",
            "construction": {"insurance": "work_injury", "by": "whole", "tiers": tiers},
        }
        pack["sources"].append(source)
        await publish(office, pack)


def a_project(code: str, **other: Any) -> dict[str, Any]:
    """Build the registration of a project."""
    return {
        "credit_code": code,
        "number": f"P-{next(_numbers)}",
        "name": "和平区南京路一号地块",
        "contract_sum": "12345678.90",
        "signed_on": "2022-02-20",
        "source_paper": "施工合同 17",
        "starts_on": "2022-03-15",
        "ends_on": "2023-10-31",
    } | other


async def registered(office: Office, district: str = "heping", **other: Any) -> dict[str, Any]:
    """Register a project of a new unit."""
    code = await office.unit(district=district, collector="tax")
    answer = await office.post(
        "district_clerk", "/v1/projects", a_project(code, **other), district=district
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def declare(office: Office, project: dict[str, Any], **other: Any) -> httpx.Response:
    """Submit a project's declaration."""
    path = f"/v1/projects/{project['id']}/declarations"
    return await office.post("employer_portal", path, **other)


async def handled(office: Office, paper: dict[str, Any], district: str) -> None:
    """Accept and review a declaration in its district."""
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        path = f"/v1/declarations/{paper['id']}/{act}"
        answer = await office.post(role, path, district=district)
        assert answer.status_code == 201, answer.text


async def bill_all(office: Office, db: Database, district: str, period: str, day: str) -> Any:
    """Send, audit and bill a district's reviewed declarations of a period; return the summary."""
    where = {"district": district, "period": period}
    sent = await office.post("district_reviewer", "/v1/summaries", where, district=district)
    assert sent.status_code == 201, sent.text
    body = {"control": sent.json()["control"], "bill_date": day}
    audited = await office.post("centre_auditor", f"/v1/summaries/{sent.json()['id']}/audits", body)
    assert audited.status_code < 300, audited.text
    await worker.issue_waiting_bills(db)
    return sent.json()


async def billed(office: Office, db: Database, **other: Any) -> tuple[dict[str, Any], Any]:
    """Create a project with a billed declaration; return both project and bill."""
    district = new_district()
    project = await registered(office, district, **other)
    paper = (await declare(office, project)).json()
    await handled(office, paper, district)
    await bill_all(office, db, district, project["period"], "2022-04-02")
    found = (await office.get("supervisor", f"/v1/projects/{project['id']}")).json()
    bill = await office.get("supervisor", f"/v1/bills/{found['papers'][-1]['bill']}")
    return found, bill.json()


async def pay(office: Office, bill: dict[str, Any], day: str = "2022-04-10") -> Any:
    """Pay the open amount of a bill through the tax bureau."""
    row = tax_line(
        f"J{next(_numbers)}",
        bill["credit_code"],
        parse_yuan(bill["open"]),
        bill["period"],
        paid_on=day,
    )
    body = push(f"JP{next(_numbers)}", [row], collected_on=day)
    answer = await office.post("tax_bureau", "/v1/tax-pushes", body, key=f"jk-{next(_numbers)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def changed(office: Office, db: Database, project: Any, contract: str) -> dict[str, Any]:
    """Change a project's contract sum, declare and bill it; return the project."""
    where = {"district": project["district"]}
    change = {"contract_sum": contract, "signed_on": "2022-05-01", "source_paper": "补充协议"}
    path = f"/v1/projects/{project['id']}/contracts"
    answer = await office.post("district_clerk", path, change, **where)
    assert answer.status_code == 201, answer.text
    paper = (await declare(office, project)).json()
    await handled(office, paper, project["district"])
    await bill_all(office, db, project["district"], project["period"], "2022-05-10")
    found = await office.get("supervisor", f"/v1/projects/{project['id']}")
    project_now: dict[str, Any] = found.json()
    return project_now
