"""What a file stores is what one unit's declaration stores, row by row, under every shipped policy."""

import random
from typing import Any

import asyncpg
import pytest

from services.collection.common.store import shipped as common_shipped_store
from shared.cn import identity_number
from tests.collection.support.filing import hand_in, worked_off
from tests.collection.support.office import Office, a_declaration, a_person, control_of
from tests.collection.support.packs import a_pack, a_rate
from tests.collection.support.policies import publish

DECLARATION = """
    SELECT d.period, d.round, d.status, d.policy_id, d.unit_kind, d.injury_class,
           d.unit_wage_total_fen, d.people, d.wages_fen, d.unit_fen, d.personal_fen, d.total_fen
      FROM declaration AS d WHERE d.credit_code = $1
"""
LINES = """
    SELECT l.round, l.line_no, l.level, l.insurance, l.party, l.account, l.fund, l.rule,
           l.base_fen, l.amount_fen
      FROM declaration AS d JOIN declaration_line AS l
        ON l.unit_id = d.unit_id AND l.declaration_id = d.id
     WHERE d.credit_code = $1 ORDER BY l.line_no
"""
PEOPLE = """
    SELECT p.round, p.line_no, p.wage_fen, p.asked_fen, p.base_fen, p.unit_fen, p.personal_fen
      FROM declaration AS d JOIN declaration_person AS p
        ON p.unit_id = d.unit_id AND p.declaration_id = d.id
     WHERE d.credit_code = $1 ORDER BY p.line_no
"""
FIGURES = """
    SELECT f.round, f.line_no, f.figures_fen, f.age
      FROM declaration AS d JOIN declaration_figures AS f
        ON f.unit_id = d.unit_id AND f.declaration_id = d.id
     WHERE d.credit_code = $1 ORDER BY f.line_no
"""
KINDS = {
    "1996-03": ["enterprise", "institution", "organ"],
    "2008-07": ["enterprise", "institution", "organ"],
    "2021-07": ["enterprise", "institution", "organ"],
}


def aged_pack() -> dict[str, Any]:
    """Heads in one month, the unit's total and sum, and a split by age."""
    split = {"insurance": "medical", "status": "active", "source": "s"}
    head = a_rate("large_medical", "unit", "", base="head") | {"amount": "12.50", "months": [3]}
    del head["rate"]
    return a_pack(
        "aged-1996",
        insurances=["pension", "medical", "large_medical"],
        rates=[
            a_rate("pension", "unit", "0.20", base="unit_dual"),
            a_rate("pension", "personal", "0.08", account="personal_account"),
            a_rate("medical", "unit", "0.09", base="personal_sum"),
            a_rate("medical", "personal", "0.02", account="personal_account"),
            head,
        ],
        limits={"*": {"floor": "1000.00", "ceiling": "9000.00"}},
        crediting=[
            split | {"id": "to45", "age_below": 45, "rate": "0.04"},
            split | {"id": "from45", "age_from": 45, "rate": "0.05"},
        ],
        region="tianjin",
        in_force_from="1996-01-01",
        in_force_to="1996-12-31",
    )


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


async def everything(office: Office, code: str) -> list[list[asyncpg.Record]]:
    return [await office.fetch(sql, code) for sql in (DECLARATION, LINES, PEOPLE, FIGURES)]


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
