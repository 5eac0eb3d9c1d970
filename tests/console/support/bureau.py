"""A month in the console: seven people take August of the demo's city from its middle to its closing.

The bank and the tax bureau are the sandbox's; whatever a person of the bureau does is done here in a
browser, on the pages and in the dialogs that people have.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from playwright.async_api import expect

from services.demo.city import PERIODS
from services.demo.office import Office
from shared.money import format_yuan, parse_yuan
from tests.console.support.browser import Person
from tests.console.support.stage import House
from tests.console.support.waiting import until

PERIOD = PERIODS[1]
LAST = f"{PERIOD}-31"
NEXT = "2021-08-31"
"""The business day on which the month is closed."""
ACCOUNTS = {"treasury_deposit": "treasury", "income_deposit": "income"}
REASON_OF = {"wrong_day": "认可日期差异", "wrong_payer": "付款人已核实"}
"""Kind of difference → the reason to settle it; the others are ours to correct."""


@dataclass(frozen=True, slots=True)
class Bureau:
    """The people of the bureau at their browsers, and the machines outside."""

    person: Callable[[str], Awaitable[Person]]
    outside: Office

    async def accept(self, district: str) -> None:
        """Accept what is left of a district's declarations."""
        clerk = await self.person(f"district_clerk.{district}")
        await clerk.open(f"/declarations?period={PERIOD}&status=submitted")
        assert "份申报" in await clerk.act_on_all("批量受理")

    async def review(self, district: str) -> None:
        """Review what its clerk has accepted."""
        reviewer = await self.person(f"district_reviewer.{district}")
        await reviewer.open(f"/declarations?period={PERIOD}&status=accepted")
        await reviewer.act_on_all("批量复核")

    async def summarise(self, district: str) -> None:
        """Send a district's summary."""
        reviewer = await self.person(f"district_reviewer.{district}")
        await reviewer.open("/summaries")
        await reviewer.act("上报汇总表", 费款所属期=PERIOD, 分中心="滨海新区")

    async def audit(self) -> None:
        """Audit every summary that was sent, and wait for its bills."""
        auditor = await self.person("centre_auditor")
        for _ in range(2):
            await auditor.open(f"/summaries?period={PERIOD}&status=sent")
            await auditor.page.locator(".wx-table a.wx-link").first.click()
            await expect(
                auditor.page.get_by_role("button", name="审核", exact=True)
            ).to_be_visible()
            assert "元" in await auditor.act("审核", 通知单日期=f"{PERIOD}-12")
        await until(self._billed)

    async def _billed(self) -> bool:
        path = "/v1/summaries"
        found = await self.outside.get("centre_auditor", "collection", path, period=PERIOD)
        return all(one["status"] == "billed" for one in found["items"])

    async def pass_days(self) -> None:
        """Let the rest of the month pass."""
        await self.outside.put("supervisor", "sandbox", "/v1/clock", {"today": NEXT})

    async def collect(self) -> None:
        """Form a debit batch; the bank and the tax bureau bring their money."""
        cashier = await self.person("centre_cashier")
        await cashier.open("/debit-batches")
        await cashier.act("生成批次", 费款所属期=PERIOD, 扣款日=f"{PERIOD}-27", 银行="本市代扣银行")
        for _ in range(50):
            done = await self.outside.control("/v1/bank/debit-batches")
            for serial in done["unknown"]:
                await self.outside.ask_bank(f"/v1/bank/transfers/{serial}")
            if not done["waiting"]:
                break
        body = {"period": PERIOD, "day": f"{PERIOD}-28", "wrong_payers": 0}
        await self.outside.control("/v1/tax/pushes", body)
        await until(self._drained)

    async def _drained(self) -> bool:
        boxes = [
            await self.outside.get("fund_accountant", service, "/v1/outbox")
            for service in ("collection", "payout")
        ]
        return not any(box["waiting"] for box in boxes)

    async def match(self) -> None:
        """Find the owners of the money in suspense: the proposal that the service makes."""
        accountant = await self.person("fund_accountant")
        path = "/v1/receipts"
        found = await self.outside.get("fund_accountant", "collection", path, status="suspended")
        for receipt in found["items"]:
            code = await self._owner(receipt)
            await accountant.open(f"/receipts/{receipt['id']}")
            await accountant.act("认领", 缴费单位=code, 费款所属期=PERIOD)
        await until(self._drained)

    async def _owner(self, receipt: dict[str, Any]) -> str:
        """Return the unit whose open bill has the amount: what the accountant asks the bureau."""
        path = "/v1/bills"
        bills = await self.outside.pages("fund_accountant", "collection", path, period=PERIOD)
        (owner,) = {bill["credit_code"] for bill in bills if bill["open"] == receipt["amount"]}
        return str(owner)

    async def settle(self, kind: str, day: str, approver: str) -> None:
        """Propose a settlement, approve it as somebody else, and let the bank carry it out."""
        accountant = await self.person("fund_accountant")
        await accountant.open("/settlements")
        await accountant.act("提出结算", 种类=kind, 记账日=day)
        await accountant.page.wait_for_url("**/settlements/stl_*")
        paper = accountant.page.url.rpartition("/")[2]
        await self.approve_settlement(paper, approver)

    async def approve_settlement(self, paper: str, approver: str) -> None:
        """Approve a settlement in the console; the money moves at the bank."""
        leader = await self.person(approver)
        await leader.open(f"/settlements/{paper}")
        await leader.act("核准并记账")
        path = f"/v1/settlements/{paper}"
        done = await self.outside.get("fund_accountant", "ledger", path)
        moved_fen = sum(parse_yuan(one["amount"]) for one in done["amounts"])
        payer = {"sweep": "income", "treasury_remit": "treasury"}[done["kind"]]
        order = {"reference": paper, "payer": payer, "payee": "fiscal", "day": done["day"]}
        order |= {"amount": format_yuan(moved_fen), "summary": done["kind"]}
        if moved_fen:
            await self.outside.control("/v1/bank/transfers", order)

    async def approve_what_waits(self) -> None:
        """Approve the settlement that was left for the leader."""
        path = "/v1/settlements"
        found = await self.outside.get("fund_accountant", "ledger", path, limit=50)
        for one in found["items"]:
            if one["status"] == "proposed":
                await self.approve_settlement(one["id"], "centre_leader")

    async def reconcile(self) -> None:
        """Upload the statements of both accounts, and work through the differences."""
        cashier = await self.person("centre_cashier")
        for account, name in ACCOUNTS.items():
            opening, closing, content = await self._statement(name)
            await cashier.open("/imports/bank-statements")
            await cashier.choose(
                "账户", {"treasury_deposit": "国库存款", "income_deposit": "收入户存款"}[account]
            )
            for title, value in (
                ("首日", f"{PERIOD}-25"),
                ("末日", LAST),
                ("期初余额", opening),
                ("期末余额", closing),
            ):
                await cashier.choose(title, value)
            file = {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": content}
            await cashier.page.locator("input[type=file]").set_input_files([file])
            await expect(cashier.page.get_by_text(f"{name}.csv")).to_be_visible()
            await cashier.page.get_by_role("button", name="提交文件").click()
            await expect(cashier.page.locator(".wx-outcome .wx-heading")).to_be_visible()

    async def _statement(self, name: str) -> tuple[str, str, bytes]:
        query = {"from": f"{PERIOD}-25", "to": LAST, "limit": 500}
        found = await self.outside.ask_bank(f"/v1/bank/statements/{name}", **query)
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(("booked_on", "amount", "serial", "reference", "counter_account", "text"))
        for line in found["items"]:
            members = ("day", "amount", "serial", "reference", "counterparty", "summary")
            writer.writerow(line[member] for member in members)
        return found["opening"], found["closing"], out.getvalue().encode()

    async def work_through(self) -> None:
        """Settle every difference that the match has found; a second person agrees where needed."""
        await until(self._matched)
        path = "/v1/reconciliation-items"
        found = await self.outside.pages(
            "fund_accountant", "collection", path, status="open", to=LAST
        )
        accountant = await self.person("fund_accountant")
        for item in found:
            await accountant.open(f"/reconciliation-items/{item['id']}")
            await accountant.act("分派", 经办人="fund_accountant")
            await accountant.act(
                "处理", 处理=REASON_OF.get(item["kind"], "我方更正"), 说明="月末已查明"
            )
            now = await self.outside.get("fund_accountant", "collection", f"{path}/{item['id']}")
            if now["status"] == "proposed":
                head = await self.person("department_head")
                await head.open(f"/reconciliation-items/{item['id']}")
                await head.act("批准处理")

    async def _matched(self) -> bool:
        path = "/v1/closing-control"
        control = await self.outside.get("fund_accountant", "collection", path, as_of=LAST)
        return not any(one["unmatched_days"] for one in control["reconciliation"])

    async def close(self, proposal: str) -> None:
        """Propose a closing on the page that checks it, and approve it as the leader."""
        accountant = await self.person("fund_accountant")
        await accountant.open(f"/closing-check?period={PERIOD}")
        assert "不符 0 项" in await accountant.act(proposal)
        await accountant.page.wait_for_url("**/closings/*")
        paper = accountant.page.url.rpartition("/")[2]
        leader = await self.person("centre_leader")
        await leader.open(f"/closings/{paper}")
        await leader.act("核准")


async def play(person: Callable[[str], Awaitable[Person]], house: House) -> None:
    """Play the month."""
    office = Office(house.urls, house.secrets)
    bureau = Bureau(person, office)
    try:
        await bureau.accept("binhai")
        await bureau.review("binhai")
        await bureau.summarise("binhai")
        await bureau.audit()
        await bureau.pass_days()
        await bureau.collect()
        await bureau.match()
        await bureau.approve_what_waits()
        await bureau.settle("上缴财政专户", LAST, "centre_leader")
        await bureau.settle("国库划转", LAST, "centre_leader")
        await bureau.reconcile()
        await bureau.work_through()
        await bureau.close("提出末日日结")
        await bureau.close("提出月结")
    finally:
        await office.close()
