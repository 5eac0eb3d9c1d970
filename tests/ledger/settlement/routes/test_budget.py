"""Spending plans against a budget over HTTP."""

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.reversing import reverse
from tests.ledger.support.settling import Body, approve, propose, refused


async def budget(ledger: Ledger, amount: str, account: str = "benefit.basic_pension") -> None:
    row = {"fund": "pension", "account": account, "year": 2021, "amount": amount}
    body = {"source": "津财社〔2021〕1号", "rows": [row]}
    answer = await ledger.post("/v1/budgets", body, Role.CENTRE_AUDITOR)
    assert answer.status_code == 201, answer.text
    path = f"/v1/budgets/{answer.json()['id']}/approvals"
    approved = await ledger.post(path, {}, Role.DEPARTMENT_HEAD)
    assert approved.status_code == 200, approved.text


def plan(amount: str, account: str | None = "benefit.basic_pension") -> list[Body]:
    return [{"fund": "pension", "amount": amount} | ({"account": account} if account else {})]


async def test_a_plan_within_its_budget_is_funded_and_counted(books: Ledger) -> None:
    await books.settle("fiscal_subsidy", amounts=plan("1000.00", None))
    await budget(books, "500.00")
    await books.settle("expenditure_funding", amounts=plan("300.00"))
    [row] = (await books.get("/v1/budgets", year=2021)).json()["items"]
    assert (row["amount"], row["funded"], row["left"]) == ("500.00", "300.00", "200.00")
    assert (await books.balances())["expenditure_deposit"] == "300.00"


async def test_a_plan_beyond_its_budget_needs_the_leaders_approval(
    books: Ledger,
) -> None:
    await books.settle("fiscal_subsidy", amounts=plan("1000.00", None))
    await budget(books, "500.00")
    answer = await propose(books, "expenditure_funding", amounts=plan("500.01"))
    assert refused(answer) == (409, "OVER_BUDGET", "/amounts/0/amount")
    as_such = {"amounts": plan("500.01"), "over_budget": "春节提前发放"}
    proposed = await propose(books, "expenditure_funding", **as_such)
    assert proposed.json()["over_budget"] == "春节提前发放"
    assert refused(await approve(books, proposed))[1] == "OVER_BUDGET"
    done = await approve(books, proposed, Role.CENTRE_LEADER)
    assert (done.status_code, done.json()["status"]) == (200, "posted")


async def test_two_plans_may_not_exceed_the_budget_together(books: Ledger) -> None:
    """The budget is counted when a plan is approved, not when it is proposed."""
    await books.settle("fiscal_subsidy", amounts=plan("1000.00", None))
    await budget(books, "500.00")
    first, second = [
        await propose(books, "expenditure_funding", amounts=plan("300.00")) for _ in range(2)
    ]
    assert (await approve(books, first)).status_code == 200
    assert refused(await approve(books, second)) == (409, "OVER_BUDGET", "/amounts/0/amount")
    await budget(books, "600.00")  # a later document raises it
    assert (await approve(books, second)).status_code == 200


async def test_a_plan_of_a_budgeted_fund_must_name_its_accounts(books: Ledger) -> None:
    await budget(books, "500.00")
    nameless = await propose(books, "expenditure_funding", amounts=plan("1.00", None))
    assert refused(nameless) == (409, "OVER_BUDGET", "/amounts/0/account")
    excused = await propose(
        books, "expenditure_funding", amounts=plan("1.00", None), over_budget="无科目"
    )
    assert refused(excused)[1] == "OVER_BUDGET"
    unbudgeted = await propose(
        books, "expenditure_funding", amounts=plan("1.00", "benefit.funeral_grant")
    )
    assert refused(unbudgeted)[1] == "OVER_BUDGET"


async def test_recording_a_budget_needs_the_right_and_names_every_fault(books: Ledger) -> None:
    row = {"fund": "pension", "account": "benefit.hospital", "year": 2021, "amount": "1.00"}
    body = {"source": "x", "rows": [row, row | {"account": "income_deposit"}]}
    assert (await books.post("/v1/budgets", body, Role.FUND_ACCOUNTANT)).status_code == 403
    answer = await books.post("/v1/budgets", body, Role.CENTRE_AUDITOR)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [
        "/rows/0/account",
        "/rows/1/account",
    ]


async def test_a_budget_counts_once_another_person_approves_it(books: Ledger) -> None:
    await books.settle("fiscal_subsidy", amounts=plan("1000.00", None))
    await budget(books, "500.00")
    row = {"fund": "pension", "account": "benefit.basic_pension", "year": 2021, "amount": "1.00"}
    body = {"source": "津财社〔2021〕9号 调整", "rows": [row]}
    lowered = (await books.post("/v1/budgets", body, Role.CENTRE_AUDITOR)).json()
    shown = (await books.get("/v1/budgets", year=2021)).json()
    assert [one["amount"] for one in shown["items"]] == ["500.00"], "nobody approved it yet"
    assert [one["paper"] for one in shown["proposed"]] == [lowered["id"]]
    path = f"/v1/budgets/{lowered['id']}/approvals"
    assert (await books.post(path, {}, Role.CENTRE_AUDITOR)).status_code == 403
    done = await books.post(path, {}, Role.CENTRE_LEADER)
    assert (done.status_code, done.json()["recorded"]) == (200, 1)
    assert (await books.post(path, {}, Role.DEPARTMENT_HEAD)).json()["code"] == "STATE_CONFLICT"
    [row] = (await books.get("/v1/budgets", year=2021)).json()["items"]
    assert (row["amount"], row["approved_by"]) == ("1.00", done.json()["approved_by"])


async def test_a_reversed_plan_gives_its_budget_back(books: Ledger) -> None:
    await books.settle("fiscal_subsidy", amounts=plan("1000.00", None))
    await budget(books, "500.00")
    paper = await books.settle("expenditure_funding", amounts=plan("300.00"))
    undone = await reverse(books, paper["voucher"], book_date="2021-07-31")
    assert undone.status_code == 200, undone.text
    [row] = (await books.get("/v1/budgets", year=2021)).json()["items"]
    assert (row["funded"], row["left"]) == ("0.00", "500.00")
