"""A file stores the same rows as one unit's declaration, under every shipped policy."""

import random
from typing import Any

import pytest

from services.collection.common.store import shipped as common_shipped_store
from shared.cn import identity_number
from tests.collection.support.filing import hand_in, worked_off
from tests.collection.support.office import Office, a_declaration, a_person, control_of
from tests.collection.support.policies import publish
from tests.collection.support.stored import aged_pack, everything

KINDS = {
    "1996-03": ["enterprise", "institution", "organ"],
    "2008-07": ["enterprise", "institution", "organ"],
    "2021-07": ["enterprise", "institution", "organ"],
}


def wage(random_: random.Random) -> str:
    return f"{random_.choice([0, 999, 3364, 5000, 17613, 99000])}.{random_.randrange(100):02d}"


def born(random_: random.Random, wage_: str) -> dict[str, Any]:
    """Somebody of any age, as nobody else."""
    number = a_person()["identity_number"]
    head = f"{number[:6]}{random_.choice([1900, 1925, 1940])}{number[10:17]}"
    return {"identity_number": identity_number.with_check_digit(head), "wage": wage_}


def a_staff(random_: random.Random, insurances: list[str]) -> list[dict[str, Any]]:
    people = []
    for _ in range(random_.randrange(1, 4)):
        person: dict[str, Any] = born(random_, wage(random_))
        if random_.random() < 0.3:
            own = random_.sample(insurances, 2)
            person = {
                "identity_number": person["identity_number"],
                "wages": {"*": person["wage"]} | {name: wage(random_) for name in own},
            }
        people.append(person)
    return people


def rows_of(code: str, people: list[dict[str, Any]], total: str, names: list[str]) -> list[str]:
    rows = []
    for person in people:
        wages = person.get("wages") or {"*": person["wage"]}
        cells = [code, person["identity_number"], wages["*"], total]
        rows.append(",".join([*cells, *(wages.get(name, "") for name in names)]))
    return rows


@pytest.mark.parametrize("period", sorted(KINDS))
async def test_a_file_stores_what_single_declarations_store(office: Office, period: str) -> None:
    random_ = random.Random(period)
    packs = [*common_shipped_store.packs(), aged_pack()]
    if period == "1996-03":
        await publish(office, aged_pack())
    names = next(
        pack["insurances"]
        for pack in packs
        if pack["pack"] in {f"tianjin-{period[:4]}", f"aged-{period[:4]}"}
    )
    twins, rows, everybody = [], [], []
    for number in range(12):
        facts = {"kind": KINDS[period][number % 3], "injury_class": number % 3 + 1}
        people = a_staff(random_, names)
        total = f"{random_.randrange(10**7)}.00"
        codes = [await office.unit(**facts), await office.unit(**facts)]
        for code in codes:
            joined = [{"identity_number": person["identity_number"]} for person in people]
            body = {"people": [one | {"name": "张三", "joined_on": "1995-01-01"} for one in joined]}
            await office.post("district_clerk", f"/v1/units/{code}/enrolments", body)
        single = a_declaration(codes[0], people, period=period, unit_wage_total=total)
        answer = await office.post("employer_portal", "/v1/declarations", single)
        assert answer.status_code == 201, answer.text
        rows += rows_of(codes[1], people, total, names)
        twins.append(codes)
        everybody += people
    header = ["credit_code", "identity_number", "wage", "unit_wage_total"]
    text = "\r\n".join([",".join([*header, *(f"wage.{name}" for name in names)]), *rows])
    answer = await hand_in(office, text, everybody, period=period)
    done = await worked_off(office, answer)
    assert done["status"] == "succeeded", done
    assert done["progress"]["done"] == control_of(everybody)["people"]
    for single_code, filed_code in twins:
        expected = await everything(office, single_code)
        found = await everything(office, filed_code)
        assert found == expected
        assert len(found[1]) > 4
        assert len(found[3]) == (found[0][0]["people"] if period == "1996-03" else 0)
