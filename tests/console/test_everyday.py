"""Work in a browser: signing in and out, a step, a file, the dashboard, every page, a whole month.

All stories share one filled city and the people at their browsers; the month stands last.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Route, expect

from services.console.page import all_pages
from services.console.pages.work.base_reviews import DOCUMENTS
from services.console.widgets.listing import ListPage
from services.demo import city as cities
from shared.roles import RIGHTS, Role
from tests.console.conftest import People
from tests.console.support import bureau
from tests.console.support.browser import WANTS_SCREENSHOTS, Person, new_person
from tests.console.support.stage import BOARD, House
from tests.samples import samples

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]
LOOKED_AT = {
    "/": "inbox",
    "/balances": "balances",
    "/balance-sheet": "balance-sheet",
    "/chain": "chain",
    "/claims": "claims",
    "/closing-check": "closing-check",
    "/debit-batches": "debit-batches",
    "/receipts": "receipts",
    "/reconciliation-items": "reconciliation-items",
    "/trial-balance": "trial-balance",
}
"""Pages that axe looks at, and their names."""
FAILURES = ".wx-fault, .wx-about[role=alert]"
"""A refusal of a service, and a page that could not be built."""
SHIPPED = Path(__file__).parents[2] / "services/collection/data/policies"


async def test_the_page_before_signing_in_is_opened_afterwards(
    house: House, browser: Browser
) -> None:
    clerk = await new_person(house, browser, "district_clerk.binhai")
    await clerk.sign_in("/declarations?status=submitted")
    assert clerk.page.url == f"{house.console}/declarations?status=submitted"
    await clerk.drawn()
    (cookie,) = await clerk.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    stored = await clerk.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert clerk.house.secrets[clerk.name] not in stored
    await clerk.page.get_by_role("button", name="退出").click()
    await expect(clerk.page.locator("input[name=password]")).to_be_visible()
    await clerk.page.goto(f"{house.console}/declarations")
    assert "/sign-in" in clerk.page.url
    await clerk.page.context.close()


async def test_a_wrong_code_is_refused_in_the_services_words(
    house: House, browser: Browser
) -> None:
    stranger = await new_person(house, browser, "supervisor")
    await stranger.page.goto(f"{house.console}/")
    await stranger.page.fill("input[name=name]", "supervisor")
    await stranger.page.fill("input[name=password]", "not the password")
    await stranger.page.fill("input[name=code]", "000000")
    await stranger.page.click("button[type=submit]")
    await expect(stranger.page.locator(".wx-fault")).to_contain_text("SIGN_IN_REFUSED")
    await stranger.check("sign-in-refused")
    await stranger.page.context.close()


async def test_the_inbox_and_the_lists_are_fit_to_look_at(person: People) -> None:
    clerk = await person("district_clerk.binhai")
    for name, path in (("inbox", "/"), ("declarations", "/declarations")):
        await clerk.open(path)
        await clerk.check(name)


async def test_a_declaration_is_accepted_after_its_people_and_amount_were_named(
    person: People,
) -> None:
    clerk = await person("district_clerk.binhai")
    await clerk.open("/declarations?status=submitted")
    await clerk.page.locator(".wx-table a.wx-link").first.click()
    await expect(clerk.page.get_by_role("button", name="受理", exact=True)).to_be_visible()
    await clerk.check("declaration")
    total = await clerk.page.locator(".wx-field", has_text="应缴合计").locator("dd").inner_text()
    sentence = await clerk.act("受理")
    assert total in sentence
    await expect(clerk.page.locator(".wx-title-row .wx-chip")).to_have_text("已受理")


async def test_english_is_a_switch(person: People) -> None:
    clerk = await person("district_clerk.binhai")
    await clerk.open("/declarations")
    await clerk.page.get_by_role("button", name="English").click()
    await expect(clerk.page.locator(".wx-page .wx-title")).to_have_text("Declarations")
    await clerk.check("declarations-en")
    await clerk.page.get_by_role("button", name="中文").click()
    await expect(clerk.page.locator(".wx-page .wx-title")).to_have_text("申报")


async def test_a_lost_connection_and_a_session_that_ends_cost_nothing_that_was_typed(
    person: People, house: House
) -> None:
    clerk = await person("district_clerk.binhai")
    await clerk.open("/declarations?status=submitted")
    await clerk.page.locator(".wx-table a.wx-link").first.click()
    await clerk.page.get_by_role("button", name="退回", exact=True).click()
    await clerk.choose("退回原因", "缴费基数未经职工本人签字确认")
    await clerk.choose("说明", "请补签")
    await clerk.page.evaluate("window.socket.io.engine.close()")
    await clerk.page.wait_for_function("window.socket.connected === false")
    await clerk.page.wait_for_function("window.socket.connected === true")
    new_password = "a-new-password-2021"
    body = {"name": clerk.name, "password": house.secrets[clerk.name]}
    body |= {"code": await house.code_of(clerk.name), "new_password": new_password}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{house.urls['identity']}/v1/passwords", json=body)
    assert answer.status_code == 204, "it ends every session of before"
    await clerk.page.get_by_role("button", name="确认").click()
    again = clerk.page.locator(".wx-dialog", has_text="登录已过期")
    before = await clerk.browser_id()
    await again.get_by_label("密码").fill(new_password)
    await again.get_by_label("动态码").fill(await house.code_of(clerk.name))
    await again.get_by_role("button", name="登录").click()
    await expect(clerk.page.locator(".wx-title-row .wx-chip")).to_have_text("已退回")
    await expect(clerk.page.locator(".wx-trail")).to_contain_text("请补签")
    assert await clerk.browser_id() != before, "a copy of the old cookie is worth nothing"
    await clerk.open("/declarations")


async def test_a_file_with_faults_becomes_a_sheet(person: People) -> None:
    clerk = await person("district_clerk.heping")
    await clerk.open("/imports/people")
    rows = "credit_code,identity_number,name,joined_on\n91120101MA0000001C,123,张三,2021-07-01\n"
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    await clerk.page.locator("input[type=file]").set_input_files([file])
    await expect(clerk.page.get_by_text("people.csv")).to_be_visible()
    await clerk.page.get_by_role("button", name="提交文件").click()
    await expect(clerk.page.locator(".wx-outcome, .wx-fault").first).to_contain_text(
        "identity_number"
    )
    await clerk.check("import-faults")


async def test_the_dashboard_leads_to_papers(person: People) -> None:
    leader = await person("centre_leader")
    await leader.open("/dashboard")
    await expect(leader.page.locator(".wx-chart svg").first).to_be_visible()
    await leader.check("dashboard")
    await leader.page.get_by_text("数字").last.click()
    await leader.page.locator(".wx-figures a.wx-link", has_text="待受理").click()
    await leader.page.wait_for_url("**/declarations?period=2021-08&status=submitted")
    await leader.drawn()


async def test_the_wall_screen_stands_in_the_frame_of_a_site_that_posts_a_token(
    house: House, browser: Browser
) -> None:
    secret = house.secrets["dashboard"]
    form = {"grant_type": "client_credentials"}
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"{house.urls['identity']}/v1/oauth/token"
        token = (await client.post(url, data=form, auth=("dashboard", secret))).json()[
            "access_token"
        ]
    (sample,) = [
        one for one in samples() if (one.page, one.language) == ("docs/console.md", "html")
    ]
    shown = sample.text.replace("https://console.example.cn", house.console)

    async def answer(route: Route) -> None:
        if route.request.url.endswith("/my-server/dashboard-token"):
            await route.fulfill(json={"access_token": token, "expires_in": 900})
        else:
            await route.fulfill(body=shown, content_type="text/html")

    board = await new_person(house, browser, "dashboard")
    await board.page.route(f"{BOARD}/**", answer)
    await board.page.set_viewport_size({"width": 1920, "height": 1000})
    await board.page.goto(f"{BOARD}/")
    frame = board.page.frame_locator("iframe")
    await expect(frame.locator(".wx-wall-figure-value").first).to_contain_text(",")
    if WANTS_SCREENSHOTS:
        await board.page.screenshot(path=board.shot("wall"))
    assert await board.page.context.cookies() == [], "the frame needs no cookie"
    await board.page.context.close()


def test_no_other_site_frames_a_page_or_posts_to_one(house: House) -> None:
    page = httpx.get(f"{house.console}/sign-in", trust_env=False)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    framed = httpx.get(f"{house.console}/embed/wall", trust_env=False)
    assert f"frame-ancestors {BOARD}" in framed.headers["content-security-policy"]
    elsewhere = {"Origin": "https://evil.example"}
    refused = httpx.post(f"{house.console}/sign-out", headers=elsewhere, trust_env=False)
    assert refused.status_code == 403


async def test_somebody_with_other_work_sees_a_menu_of_their_own(person: People) -> None:
    administrator = await person("identity_admin")
    await administrator.open("/")
    links = await administrator.menu()
    for path in links:
        await administrator.go(path)
        assert await administrator.page.locator(".wx-fault").all_inner_texts() == []
    assert "/declarations" not in links


async def refusals(person: Person) -> list[str]:
    found: list[str] = await person.page.locator(FAILURES).all_inner_texts()
    return found


async def test_the_register_is_put_right_and_a_year_of_bases_set_by_two_people(
    person: People,
) -> None:
    unit = cities.build(size=cities.SMALL).units_of("heping")[0]
    worker, code = unit.people[0], unit.credit_code
    clerk, reviewer = (
        await person("district_clerk.heping"),
        await person("district_reviewer.heping"),
    )

    await clerk.open("/person-corrections")
    right = {"现登记号码": worker.identity_number, "正确姓名": "李四光"}
    why = {"理由": "登记有误", "依据文书": "户籍证明 2021-118"}
    assert "另一人复核" in await clerk.act("申请更正", **right, **why)
    await clerk.page.wait_for_url("**/person-corrections/pcr_*")
    await reviewer.open("/?step=approve_person_correction")
    await reviewer.page.locator(".wx-table a.wx-link").first.click()
    await reviewer.drawn()
    await reviewer.check("person-correction")
    assert "李**" in await reviewer.act("批准")
    await expect(reviewer.page.locator(".wx-fields")).to_contain_text("已生效")

    await clerk.open(f"/cover-corrections?credit_code={code}")
    before = worker.joined_on - timedelta(days=1)
    days = {"现登记的参保日": str(worker.joined_on), "正确的参保日": str(before)}
    await clerk.act("更正参保期", 证件号=worker.identity_number, **days, 理由="合同起始日有误")
    await expect(clerk.page.locator(".q-notification")).to_contain_text("须另办更正申报")
    await expect(clerk.page.locator(".wx-table tbody")).to_contain_text("合同起始日有误")
    await clerk.check("cover-corrections")

    await clerk.open(f"/base-reviews?credit_code={code}")
    await clerk.page.get_by_role("button", name="申报基数").click()
    dialog = clerk.page.locator(".wx-dialog")
    for document, _ in DOCUMENTS.values():
        await dialog.get_by_role("checkbox", name=document).click()
    await dialog.locator("textarea").fill(f"{worker.identity_number} 5,000")
    typed = {"年度": "2022", "单位月平均工资总额": "9000", "签字人数": "1"}
    for title, value in {**typed, "公示日": "2021-08-20", "承诺书签订日": "2021-08-20"}.items():
        await clerk.choose(title, value, dialog)
    await dialog.get_by_role("button", name="确认").click()
    await clerk.page.wait_for_url("**/base-reviews/bsr_*")
    await reviewer.open("/base-reviews/" + clerk.page.url.rpartition("/")[2])
    assert "单位基数 9,000.00 元" in await reviewer.act("核定")
    await expect(reviewer.page.locator(".wx-fields")).to_contain_text("已核定")
    await reviewer.check("base-review")


async def test_a_project_is_registered_and_its_contract_changed(person: People) -> None:
    unit = cities.build(size=cities.SMALL).units_of("heping")[0]
    clerk = await person("district_clerk.heping")
    await clerk.open("/projects")
    contract = {"合同造价": "1,000,000", "签订日": "2021-08-01", "合同文书": "施工合同 2021-建-017"}
    place = {"施工单位统一社会信用代码": unit.credit_code, "施工许可或项目编号": "1201012021070101"}
    span = {"项目名称": "南京路一号地块", "开工": "2021-09-01", "竣工": "2022-08-31"}
    await clerk.act("登记项目", **place, **span, **contract)
    await clerk.page.wait_for_url("**/projects/prj_*")
    await clerk.drawn()
    assert "1,000,000.00" in await clerk.act("变更合同造价", **contract | {"合同造价": "1200000"})
    await expect(clerk.page.locator(".wx-fields")).to_contain_text("1,200,000.00")
    await clerk.check("project")


async def test_a_supervisor_opens_every_page_of_the_menu(person: People) -> None:
    """On a filled city no page is refused, nor is a paper behind a list."""
    supervisor = await person("supervisor")
    await supervisor.open("/")
    menu = await supervisor.menu()
    rights = RIGHTS[Role.SUPERVISOR]
    faults: dict[str, list[str]] = {}
    for page in all_pages():
        if "{" in page.path or not (not page.rights or rights & set(page.rights)):
            continue
        await (supervisor.go if page.path in menu else supervisor.open)(page.path)
        if found := await refusals(supervisor) + await supervisor.codes_shown():
            faults[page.path] = found
        if page.path in LOOKED_AT:
            await supervisor.check(f"tour-{LOOKED_AT[page.path]}")
        if isinstance(page, ListPage):
            links = supervisor.page.locator(".wx-table a.wx-link")
            if await links.count():
                await links.first.click()
                await supervisor.drawn()
                if found := await refusals(supervisor) + await supervisor.codes_shown():
                    faults[supervisor.page.url] = found
    assert faults == {}
    assert supervisor.outside == []
    assert supervisor.errors == []


async def test_a_policy_of_a_file_is_mended_by_its_lines_and_put_in_force_by_another_person(
    person: People, tmp_path: Path
) -> None:
    pack = json.loads((SHIPPED / "tianjin-2021.json").read_text())
    pack |= {"pack": "tianjin-2022", "title": "天津市2022年度政策", "in_force_from": "2022-01-01"}
    pack["limits"][0] |= {"floor": "3700.00"}
    file = tmp_path / "pack.json"
    auditor = await person("centre_auditor")
    for floor, sees in (("370", "AMOUNT_MALFORMED"), ("3700.00", "+336.00 元")):
        pack["limits"][0]["floor"] = floor
        file.write_text(json.dumps(pack, ensure_ascii=False, indent=1))
        await auditor.open("/policy-drafts")
        await auditor.page.locator("input[type=file]").set_input_files(file)
        await expect(auditor.page.locator(".wx-outcome")).to_contain_text(sees)
        await auditor.check(f"policy-draft-{floor}")
    assert "相差 2 处" in await auditor.act("提出")
    await auditor.page.wait_for_url("**/policies/pol_*")
    await auditor.drawn()
    path = "/policies/" + auditor.page.url.rpartition("/")[2]
    await auditor.page.get_by_role("button", name="批准并执行").click()
    await auditor.page.get_by_role("button", name="确认").click()
    await expect(auditor.page.locator(".wx-dialog .wx-fault")).to_contain_text("SAME_PERSON_TWICE")
    head = await person("department_head")
    await head.open(path)
    await head.check("policy")
    await head.act("批准并执行")
    await expect(head.page.locator(".wx-fields .wx-chip")).to_have_text("执行中")


async def test_two_people_enter_a_year_and_change_a_rule_of_the_city(person: People) -> None:
    accountant = await person("fund_accountant")
    await accountant.open("/workdays")
    year = {"年度": "2027", "放假日期": "2027-01-01..2027-01-03"}
    await accountant.act("录入年度", **year, 通知文号="国办发明电〔2026〕示例号", 理由="录入")
    await accountant.open("/city-rules/return_codes")
    await accountant.page.get_by_role("link", name="更正", exact=True).first.click()
    await accountant.drawn()
    await accountant.choose("文字", "申报资料不齐全")
    await accountant.page.get_by_role("button", name="查看改动").click()
    outcome = accountant.page.locator(".wx-outcome .wx-table").last
    await expect(outcome).to_contain_text("申报资料不齐全")
    await accountant.check("city-rule-row")
    assert "改动 1 处" in await accountant.act("提出", 理由="本市文件")
    head = await person("department_head")
    await head.open("/workdays")
    await head.check("workdays")
    assert "1 日改为休息" in await head.act("批准")
    await expect(head.page.locator(".wx-table tbody tr").first).to_contain_text("1.1")
    await head.open("/city-rules/return_codes")
    await head.check("city-rule")
    assert "改动 1 处" in await head.act("批准")
    await expect(head.page.locator(".wx-table tbody tr").first).to_contain_text("申报资料不齐全")
    assert await refusals(head) + await head.codes_shown() == []


async def test_the_calculator_says_each_amount_and_why(person: People) -> None:
    auditor = await person("centre_auditor")
    await auditor.open("/quote-person")
    await auditor.choose("月工资", "2000")
    await auditor.page.get_by_role("button", name="试算", exact=True).click()
    answer = auditor.page.locator(".wx-outcome")
    await expect(answer).to_contain_text("低于下限,按下限 3,364.00 元".replace(",按", "\uff0c按"))
    await expect(answer).to_contain_text("3,364.00 × 16% = 538.24")
    await auditor.check("calculator")


async def test_seven_people_close_a_month_in_the_console(person: People, house: House) -> None:
    """Strong reason for its length: it is the month that the console is for."""
    await bureau.play(person, house)
    supervisor = await person("supervisor")
    await supervisor.open("/closings?level=month")
    row = supervisor.page.locator(".wx-table tbody tr", has_text=bureau.PERIOD)
    await expect(row).to_contain_text("centre_leader")
    await supervisor.check("closed-month")
