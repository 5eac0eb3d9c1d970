"""Printed notices: amounts in digits and capitals, and names escaped in HTML."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from services.collection.app import build
from shared.ids import Ref
from shared.references import Reference
from shared.web.html import tag
from tests.collection.support.debtors import PENSION, STAFF, Debtors, after
from tests.collection.support.money import Owed, fetch
from tests.conftest import Bearer, ClientOf, SettingsFor

ALLOWED = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "div",
    "h1",
    "p",
    "span",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{day}公司"


class Reading(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.style = ""
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._in_style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.style, self._in_style = data, False
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "|".join(self.texts)


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


async def printed(office: Debtors, path: str, role: str = "supervisor") -> httpx.Response:
    headers = office.bearer(role) | {"Accept": "text/html"}
    return await office.api.get(f"/v1/{path}/print", headers=headers)


async def page_of(office: Debtors, path: str) -> Reading:
    answer = await printed(office, path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    found = Reading(answer.text)
    assert found.tags <= ALLOWED
    assert found.attributes <= {"class", "lang", "charset"}
    policy = answer.headers["content-security-policy"]
    digest = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert f"'sha256-{digest}'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    return found


def ref_of(owed: Owed) -> str:
    return Ref(owed.unit_id, owed.bill_id).text(Reference.BILL)


async def named(office: Debtors, owed: Owed, name: str) -> None:
    await fetch(office.url, "UPDATE unit SET name = $2 WHERE unit_id = $1", owed.unit_id, name)


async def test_a_bill_shows_the_amount_in_digits_and_in_capitals(office: Debtors) -> None:
    owed = await office.owe(PENSION, STAFF)
    found = await page_of(office, f"bills/{ref_of(owed)}")
    for text in (
        "社会保险费缴费通知单",
        owed.credit_code,
        "和平区分中心",
        "基本养老保险",
        "15000.00",
        "(大写)人民币壹万伍仟元整",
        "个人账户",
        ref_of(owed),
    ):
        assert text in found.text
    assert "尚应缴纳" not in found.text
    await office.pay(owed, 5_000_01, "2021-08-20")
    after_part = await page_of(office, f"bills/{ref_of(owed)}")
    assert "尚应缴纳|¥9999.99|(大写)人民币玖仟玖佰玖拾玖元玖角玖分" in after_part.text


async def test_a_hostile_name_stays_text(office: Debtors) -> None:
    owed = await office.owe()
    await named(office, owed, HOSTILE)
    found = await page_of(office, f"bills/{ref_of(owed)}")
    assert HOSTILE in found.text
    raw = (await printed(office, f"bills/{ref_of(owed)}")).text
    assert "<script" not in raw
    assert "<img" not in raw


async def test_a_bill_of_late_charges_names_them(office: Debtors) -> None:
    owed = await office.owe()
    await office.pay(owed, owed.total_fen, after(30))
    (charge,) = [row for row in await office.bills(owed) if row["kind"] == "charge"]
    found = await page_of(office, f"bills/{charge['id']}")
    assert "社会保险费加收通知单" in found.text
    assert "滞纳金" in found.text
    assert "不得要求职工承担" in found.text


async def test_a_dunning_notice_names_what_is_owed(office: Debtors) -> None:
    owed = await office.owe(PENSION, STAFF)
    await named(office, owed, HOSTILE)
    answer = await office.post("/v1/dunning-runs", {"district": "heping", "day": after(10)})
    assert answer.status_code < 300, answer.text
    listed = await office.get("/v1/dunning-notices", credit_code=owed.credit_code)
    (notice,) = listed["items"]
    found = await page_of(office, f"dunning-notices/{notice['id']}")
    for text in (
        "社会保险费催缴通知书",
        notice["number"],
        "10000.00",
        "50.00",
        HOSTILE,
        "第八十六条",
        "(大写)人民币壹万伍仟零伍拾元整",
    ):
        assert text in found.text


async def test_a_certificate_says_since_when_and_how_much(office: Debtors) -> None:
    owed = await office.owe()
    await office.pay(owed, owed.total_fen, "2021-08-20")
    path = f"/v1/units/{owed.credit_code}/certificates"
    body = {"period_from": "2021-07", "period_to": "2021-07", "as_of": after(1)}
    made = (await office.post(path, body)).json()
    found = await page_of(office, f"certificates/{made['id']}")
    for text in (made["number"], "2021-07 至 2021-07", "壹万元整", "截至2021年8月26日"):
        assert text in found.text


async def test_a_notice_of_another_district_or_of_nobody_is_not_printed(office: Debtors) -> None:
    owed = await office.owe()
    headers = office.bearer("district_clerk", "nankai")
    answer = await office.api.get(f"/v1/bills/{ref_of(owed)}/print", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    for path in (
        "bills/bil_x",
        "dunning-notices/x",
        "certificates/crt_1",
        f"project-certificates/{Ref(1, owed.bill_id).text(Reference.PROJECT_CERTIFICATE)}",
    ):
        assert (await printed(office, path)).status_code == 404


def test_children_are_escaped_and_elements_are_not() -> None:
    assert tag("td", "<b>", tag("i", "&"), of='a"b') == (
        '<td class="a&quot;b">&lt;b&gt;<i>&amp;</i></td>'
    )
    assert not re.search("<b>", tag("td", "<b>"))
