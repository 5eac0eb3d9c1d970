"""A small story of collection and payout in which every name, number and account is a marker."""

import re
from dataclasses import dataclass
from uuid import uuid4

import httpx

from tests.collection.support import office as collection_desk
from tests.collection.support.filing import hand_in, worked_off
from tests.collection.support.office import a_code, a_person, a_unit
from tests.collection.support.register import change
from tests.payout.support import office as payout_desk
from tests.payout.support.papers import hospital_claim, number, pensioner
from tests.payout.support.personal import lived, named

PERSON = "欧阳明珠"
OTHER = "诸葛秋月"
_UNIT_ACCOUNT = "030200987656"
_REFERENCES = re.compile(r"\b[a-z]{3}_[0-9a-f]{48}\b")


@dataclass
class Story:
    """The markers of a played story, and all that the services answered."""

    people: dict[str, str]
    """Number → name of persons of collection."""
    code: str
    answers: list[httpx.Response]

    @property
    def markers(self) -> tuple[re.Pattern[str], ...]:
        """Patterns of which none may lie readable: numbers, accounts, names."""
        numbers = "|".join([*self.people, *(number(serial) for serial in SERIALS)])
        return (
            re.compile(numbers),
            re.compile(rf"62220203020645\d{{5}}|{_UNIT_ACCOUNT}\d{{7}}"),
            re.compile(f"{PERSON}|{OTHER}|欧阳秋月|天津市第九专科医院"),
        )

    def references(self) -> list[str]:
        """Find two references of each kind in everything that was answered."""
        found: dict[str, set[str]] = {}
        for answer in self.answers:
            for one in _REFERENCES.findall(answer.text):
                found.setdefault(one[:3], set()).add(one)
        return [one for kind in sorted(found) for one in sorted(found[kind])[:2]]


SERIALS = (1950, 1951, 1952)


def account(serial: int) -> dict[str, str]:
    return {"bank": "中国工商银行", "number": f"{_UNIT_ACCOUNT}{serial:07d}", "name": "天津和顺"}


async def registered(office: collection_desk.Office) -> Story:
    """Register, enrol, import, declare, correct and change, well and with faults."""
    people = [a_person() for _ in range(4)]
    story = Story({one["identity_number"]: PERSON for one in people}, a_code(), [])

    async def post(role: str, path: str, body: object) -> httpx.Response:
        answer = await office.post(role, path, body, key=uuid4().hex)
        story.answers.append(answer)
        return answer

    code, first = story.code, people[0]["identity_number"]
    await post("district_clerk", "/v1/units", a_unit(code, bank_account=account(1)))
    path = f"/v1/units/{code}/enrolments"
    joined = [
        {"identity_number": one["identity_number"], "name": PERSON, "joined_on": "2020-01-01"}
        for one in people
    ]
    made = await post("district_clerk", path, {"people": joined[:3]})
    assert made.status_code == 201, made.text
    wrong = first[:-1] + ("1" if first[-1] != "1" else "2")
    story.people[wrong] = PERSON
    faulty = [joined[0] | {"name": OTHER}, joined[3] | {"identity_number": wrong}, joined[3]]
    await post("district_clerk", path, {"people": faulty})
    await imported(office, story, [*joined[2:], *faulty])

    declared = [{"identity_number": one["identity_number"], "wage": "6500.00"} for one in people]
    unknown = [*declared, {"identity_number": wrong, "wage": "6500.00"}]
    await post("employer_portal", "/v1/declarations", collection_desk.a_declaration(code, unknown))
    await post("employer_portal", "/v1/declarations", collection_desk.a_declaration(code, declared))
    rows = "\n".join(
        f"{code},{one},6500.00" for one in (*list(story.people)[2:], wrong, "x" + first)
    )
    file = await hand_in(office, f"credit_code,identity_number,wage\n{rows}\n", declared)
    story.answers += [file, await office.get("supervisor", f"/v1/operations/{file.json()['id']}")]
    await worked_off(office, file)
    correction = {
        "identity_number": first,
        "right": {"name": OTHER},
        "reason": "登记有误",
        "document": "户籍证明 2021-118",
    }
    paper = await post("district_clerk", "/v1/person-corrections", correction)
    path = f"/v1/person-corrections/{paper.json().get('id')}/approvals"
    story.answers.append(await office.post("district_reviewer", path, key=uuid4().hex))
    story.answers += [await change(office, code, bank_account=account(2))]
    return story


async def imported(
    office: collection_desk.Office, story: Story, people: list[dict[str, str]]
) -> None:
    """Import people by file, refused with a report and then row by row."""
    rows = "\n".join(
        f"{story.code},{one['identity_number']},{one['name']},{one['joined_on']}" for one in people
    )
    content = f"credit_code,identity_number,name,joined_on\n{rows}\n"
    headers = office._headers("district_clerk", "heping", None) | {"Content-Type": "text/csv"}
    for more in ({"report": "csv"}, {"mode": "row_by_row"}):
        answer = await office.api.post(
            "/v1/enrolment-imports",
            content=content.encode(),
            params=more,
            headers=headers | {"Idempotency-Key": uuid4().hex},
        )
        assert answer.status_code < 500, answer.text
        story.answers.append(answer)


async def paid(office: payout_desk.Office, story: Story) -> None:
    """Pay, refuse, correct and pay again, end a pension, and hand in claims with faults."""
    await lived(office, "heping", *SERIALS)
    again = named(pensioner(SERIALS[0]), OTHER)
    story.answers.append(await office.register([again], "heping"))
    story.answers.append(await office.register([again | {"identity_number": "1" * 18}], "heping"))
    claim = hospital_claim("100.00", "200.00", district="heping")
    for line in claim["lines"]:
        line["payee_name"] = line["bank_account"]["name"] = PERSON
        line["identity_number"] = number(SERIALS[1])
        line["reference"] = "ZY-2021-1"
    story.answers.append(await office.file(claim))
    claim["lines"][1]["reference"] = "ZY-2021-2"
    claim["lines"][1]["identity_number"] = number(SERIALS[1])[:-1] + "x"
    story.answers.append(await office.file(claim))
    end = {
        "district": "heping",
        "identity_number": number(SERIALS[2]),
        "last_period": "2021-08",
        "reason": "death",
    }
    how = {"role": "district_clerk", "district": "heping", "key": uuid4().hex}
    story.answers.append(await office.ask("POST", "/v1/entitlement-ends", end, **how))
    for path in (
        "/v1/claims",
        "/v1/entitlements",
        "/v1/entitlement-ends",
        "/v1/payment-batches",
        "/v1/account-corrections",
        "/v1/failed-payments",
    ):
        story.answers.append(await office.ask("GET", path, role="supervisor", limit=500))
