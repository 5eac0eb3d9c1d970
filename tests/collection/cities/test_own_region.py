"""A city that the product does not know: its districts in a file, its rules in a pack, no code."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.collection.app import build
from services.collection.common.store import shipped as common_shipped_store
from tests.collection.support import packs
from tests.collection.support.office import Office, a_code, a_person, a_unit, codes_of
from tests.collection.support.policies import publish
from tests.conftest import Bearer, ClientOf, SettingsFor

CASE: dict[str, Any] = next(
    case for case in packs.CONTRIBUTIONS if case["id"] == "zhongshan-two-bases"
)
REGION = {
    "code": "zhongshan",
    "name": "中山市",
    "centre": "中山市社会保险基金管理局",
    "districts": [{"code": "heping", "name": "石岐分局"}],
}


@pytest.fixture(scope="module")
def districts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the file of its districts."""
    path: Path = tmp_path_factory.mktemp("own") / "regions.json"
    path.write_text(json.dumps({"regions": [REGION]}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    database_url: str,
    districts: Path,
) -> AsyncIterator[Office]:
    """Open an installation in Zhongshan."""
    own = settings_for(region="zhongshan", regions_path=districts)
    async with client_of(build(own)) as client:
        yield Office(client, bearer, database_url)
    common_shipped_store.use_regions(None)


async def test_the_installation_says_its_own_region(office: Office) -> None:
    found = (await office.get("supervisor", "/v1/regions")).json()
    assert (found["region"], found["regions"]) == ("zhongshan", [REGION])


async def test_units_are_registered_in_its_own_districts_only(office: Office) -> None:
    body = a_unit(a_code(), district="nankai")
    refused = await office.post("district_clerk", "/v1/units", body, district="nankai")
    assert codes_of(refused) == {"/district": "DISTRICT_UNKNOWN"}


async def test_its_published_slip_is_declared_to_the_fen(office: Office) -> None:
    await publish(office, packs.case_pack(CASE) | {"region": "zhongshan"})
    code = await office.unit()
    people = [{"identity_number": a_person()["identity_number"], "wages": packs.case_wages(CASE)}]
    await office.enrol(code, people)
    answer = await office.declare(code, people)
    assert answer.status_code == 201, answer.text
    expected = CASE["expect"]
    found = answer.json()
    assert (found["unit"], found["personal"], found["total"]) == (
        expected["unit_total"],
        expected["personal_total"],
        expected["total"],
    )
