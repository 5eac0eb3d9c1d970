"""Proofs over the public API: what the books, the bills and the bank say of the same money."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from services.demo.city import PERIODS
from services.demo.collecting import Play
from services.demo.office import each
from shared.money import format_yuan, parse_yuan
from shared.wire.closing import PERSONAL_REASONS, merged
from shared.wire.three_totals import three_totals

OWN_ACCOUNTS: Final = ("income", "fiscal", "expenditure", "treasury")
DEPOSITS: Final = tuple(f"{account}_deposit" for account in OWN_ACCOUNTS)
LAST_DAYS: Final = ("2021-07-31", "2021-08-31", "2022-01-31")
"""Days on which the books are held against the bank: each month's end, and the end of it all."""
PAY_MONTHS: Final = ("2021-08", "2021-09")
"""The months in which the benefits of the two months are paid."""
_CHANNELS: Final = {"bank_debit": "income", "tax": "treasury"}
_AUDITOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that must be so. `detail` says what was compared, or the first difference."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the three services say of their money, at one moment."""

    funds: dict[str, dict[str, int]]
    """Fund → account → balance in fen, of today."""
    names: dict[str, str]
    collected: dict[str, Any]
    paid: dict[str, Any]
    chain: Any
    control: dict[str, Any]
    """The totals that collection would give at a closing."""
    recovered_fen: Counter[str]
    """Benefits that came back, by fund."""
    persons: dict[str, Any]
    """The credits of persons in the ledger, every single one added up."""

    def balance_fen(self, account: str) -> int:
        """Return an account's balance over all funds."""
        return sum(accounts.get(account, 0) for accounts in self.funds.values())

    def expense_fen(self, fund: str) -> int:
        """Return what a fund spent on benefits and on keeping jobs."""
        return self.of(fund, "benefit.") + self.of(fund, "job_stabilisation")

    def of(self, fund: str, prefix: str) -> int:
        """Return the balances of a fund's accounts with a prefix."""
        return sum(fen for key, fen in self.funds[fund].items() if key.startswith(prefix))


async def read_state(play: Play) -> State:
    """Ask all three."""
    office = play.office
    balances, collected, paid, chain, control, persons, cases = await asyncio.gather(
        office.get(_AUDITOR, "ledger", "/v1/funds/balances"),
        office.get(_AUDITOR, "collection", "/v1/totals"),
        office.get(_AUDITOR, "payout", "/v1/totals"),
        office.get(_AUDITOR, "ledger", "/v1/chain"),
        office.get(_AUDITOR, "collection", "/v1/closing-control"),
        office.get(_AUDITOR, "ledger", "/v1/personal-control", deep=True),
        office.pages(_AUDITOR, "payout", "/v1/recovery-cases"),
    )
    recovered_fen = Counter[str]()
    for case in cases:
        recovered_fen[case["fund"]] += parse_yuan(case["recovered"])
    return State(
        funds=_by_fund(balances),
        names={fund["fund"]: fund["name"] for fund in balances["funds"]},
        collected=collected,
        paid=paid,
        chain=chain,
        control=control,
        recovered_fen=recovered_fen,
        persons=persons,
    )


def _by_fund(balances: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        fund["fund"]: {key: parse_yuan(amount) for key, amount in fund["accounts"].items()}
        for fund in balances["funds"]
    }


async def prove_books(play: Play, state: State, advance: Callable[[], None]) -> list[Proof]:
    """Make every proof but the replay."""
    bills = await prove_bills(play, advance)
    return [
        bills,
        prove_receivable(state),
        prove_income_account(state),
        await prove_bank(play),
        await prove_trial_balances(play),
        await prove_receipts(play, state),
        prove_contributions(state),
        prove_benefits(state),
        prove_cash(state),
        prove_persons(state),
        await prove_measures(play, state),
        await prove_three_totals(play),
        await prove_months(play),
        await prove_funding(play),
    ]


async def prove_bills(play: Play, advance: Callable[[], None]) -> Proof:
    """Prove that every bill = the sum of its lines = the sum of its split over funds."""
    listed = await play.office.pages(_AUDITOR, "collection", "/v1/bills")
    total_fen = 0

    async def check(listed_bill: dict[str, Any]) -> str | None:
        nonlocal total_fen
        path = f"/v1/bills/{listed_bill['id']}"
        bill = await play.office.get(_AUDITOR, "collection", path)
        whole = parse_yuan(bill["total"])
        lines = sum(parse_yuan(line["amount"]) for line in bill["lines"])
        split = sum(parse_yuan(part) for part in bill["by_fund"].values())
        total_fen += whole
        if whole == lines == split:
            return None
        return f"{bill['id']}: {whole} fen, lines {lines}, split {split}"

    wrong = [found for found in await each(listed, check, advance) if found]
    return Proof(
        "bill_equals_its_lines_and_its_fund_split",
        not wrong and bool(listed),
        wrong[0] if wrong else f"{len(listed)} bills, {format_yuan(total_fen)} yuan",
    )


def prove_receivable(state: State) -> Proof:
    """The memo book's receivable of each fund is what collection's open bills still ask, less the
    credits that no bill was lowered by yet."""
    open_fen = {
        fund: parse_yuan(sums["open"]) - parse_yuan(sums["credits"])
        for fund, sums in state.collected["funds"].items()
    }
    booked = {fund: accounts.get("memo_receivable", 0) for fund, accounts in state.funds.items()}
    return _compare(
        "memo_receivable_equals_open_bills",
        open_fen,
        booked,
        f"{format_yuan(sum(booked.values()))} yuan open",
    )


def prove_income_account(state: State) -> Proof:
    """After the sweep the income account holds nothing, in any fund."""
    left = {fund: accounts.get("income_deposit", 0) for fund, accounts in state.funds.items()}
    zero = dict.fromkeys(left, 0)
    return _compare("income_account_is_zero_after_the_sweep", zero, left, f"{len(left)} funds")


async def prove_bank(play: Play) -> Proof:
    """Prove that each account's statement closes with the books' balance, at every month's end."""
    differences = []
    for day in LAST_DAYS:
        balances = await play.office.get(_AUDITOR, "ledger", "/v1/funds/balances", as_of=day)
        funds = _by_fund(balances)
        for account in OWN_ACCOUNTS:
            statement = await _statement(play, account, day)
            books = sum(accounts.get(f"{account}_deposit", 0) for accounts in funds.values())
            if statement["closing_fen"] != books or not statement["adds_up"]:
                bank = format_yuan(statement["closing_fen"])
                differences.append(f"{account} on {day}: bank {bank}, books {format_yuan(books)}")
    agreed = f"{len(OWN_ACCOUNTS)} accounts on {len(LAST_DAYS)} days agree"
    return Proof(
        "bank_statement_equals_the_books", not differences, "; ".join(differences[:3]) or agreed
    )


async def _statement(play: Play, account: str, day: str) -> dict[str, Any]:
    """Read a statement to its last page and sum its lines. A refund that the bank sends back is no
    receipt."""
    cursor, summed_fen, sent_back_fen = 0, 0, 0
    while True:
        path = f"/v1/bank/statements/{account}"
        page = await play.office.ask_bank(path, to=day, limit=500, cursor=cursor)
        summed_fen += sum(parse_yuan(line["amount"]) for line in page["items"])
        sent_back_fen += sum(
            parse_yuan(line["amount"])
            for line in page["items"]
            if line["summary"] == "refund_return"
        )
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
    closing_fen = parse_yuan(page["closing"])
    return {
        "closing_fen": closing_fen,
        "received_fen": parse_yuan(page["received"]) - sent_back_fen,
        "adds_up": parse_yuan(page["opening"]) + summed_fen == closing_fen,
    }


async def prove_receipts(play: Play, state: State) -> Proof:
    """Prove that collection's receipts per channel equal the bank's takings; 暂收款 is kept apart."""
    received = state.collected["received"]
    business = {channel: parse_yuan(received[channel]) for channel in _CHANNELS}
    bank = {
        channel: (await _statement(play, account, LAST_DAYS[-1]))["received_fen"]
        for channel, account in _CHANNELS.items()
    }
    business["suspense"] = parse_yuan(state.collected["suspended"])
    bank["suspense"] = state.balance_fen("suspense_receipts")
    detail = f"{format_yuan(bank['suspense'])} yuan of them in suspense"
    return _compare("receipts_equal_what_the_bank_took_in", business, bank, detail)


async def prove_trial_balances(play: Play) -> Proof:
    """In every fund and book debits equal credits, at every month's end."""
    wrong, checked = [], 0
    for day in LAST_DAYS:
        sheet = await play.office.get(_AUDITOR, "ledger", "/v1/trial-balance", as_of=day)
        for fund in sheet["funds"]:
            checked += 1
            if parse_yuan(fund["debit"]) != parse_yuan(fund["credit"]):
                wrong.append(f"{fund['fund']} {fund['book']} on {day}: {fund['difference']}")
    return Proof(
        "every_trial_balance_is_zero",
        not wrong and checked > 0,
        "; ".join(wrong[:3]) or f"{checked} trial balances",
    )


def prove_contributions(state: State) -> Proof:
    """Business = books: what collection allocated is what the ledger took as income."""
    business = {
        fund: parse_yuan(sums["collected"]) - parse_yuan(sums["refunded"])
        for fund, sums in state.collected["funds"].items()
    }
    books = {fund: state.of(fund, "contribution_income") for fund in state.funds}
    detail = f"{format_yuan(sum(books.values()))} yuan of contributions"
    return _compare("allocated_receipts_equal_contribution_income", business, books, detail)


def prove_benefits(state: State) -> Proof:
    """Prove that payments, less what was returned or recovered, equal the ledger's expense."""
    business = {
        fund: parse_yuan(sums["paid"]) - parse_yuan(sums["returned"]) - state.recovered_fen[fund]
        for fund, sums in state.paid["funds"].items()
    }
    books = {fund: state.expense_fen(fund) for fund in state.funds}
    detail = f"{format_yuan(sum(books.values()))} yuan of benefits"
    return _compare("paid_benefits_equal_benefit_expense", business, books, detail)


def prove_cash(state: State) -> Proof:
    """Prove that each fund's deposits are its income less its payments: none paid for another."""
    came = {
        fund: state.of(fund, "contribution_income")
        + state.of(fund, "suspense_receipts")
        - state.expense_fen(fund)
        for fund in state.funds
    }
    held = {
        fund: sum(accounts.get(key, 0) for key in DEPOSITS)
        for fund, accounts in state.funds.items()
    }
    detail = f"{format_yuan(sum(held.values()))} yuan in {len(held)} funds"
    return _compare("deposits_equal_income_less_expense", came, held, detail)


def prove_persons(state: State) -> Proof:
    """Personal accounts hold what came in for them, but for what has its reason, to the fen."""
    name = "personal_accounts_equal_the_general_ledger"
    if not state.persons["totals_tie"]:
        return Proof(name, False, "a credit of a person is not what its bill's totals say")
    credited = {one["fund"]: parse_yuan(one["credited"]) for one in state.persons["items"]}
    reasons = {
        fund: sum(parse_yuan(one["personal"][why]) for why in PERSONAL_REASONS)
        for fund, one in state.control["funds"].items()
    }
    booked = {fund: state.of(fund, "contribution_income.personal") for fund in state.funds}
    explained = {
        fund: credited.get(fund, 0) + reasons.get(fund, 0) for fund in credited.keys() | reasons
    }
    detail = (
        f"{format_yuan(sum(credited.values()))} yuan credited to persons,"
        f" {format_yuan(sum(reasons.values()))} yuan of bills paid in part"
    )
    return _compare(name, explained, booked, detail)


async def prove_measures(play: Play, state: State) -> Proof:
    """Prove that the rates on a dashboard use what business billed and collected."""
    year = LAST_DAYS[0][:4]  # everything is collected in it
    first, last = f"{year}-01-01", f"{year}-12-31"
    measures = await play.office.get(
        "dashboard", "ledger", "/v1/measures/collection", **{"from": first, "to": last}
    )
    return measures_proof(state, measures)


def measures_proof(state: State, measures: dict[str, Any]) -> Proof:
    """Compare each fund's collection rate with business: collected over levied."""
    business, shown = {}, {}
    for fund, one in state.control["funds"].items():
        collected = parse_yuan(one["collected"])
        business[f"{fund} collected"] = collected
        business[f"{fund} levied"] = collected + parse_yuan(one["receivable"])
    for one in measures["funds"]:
        [rate] = [each for each in one["measures"] if each["measure"] == "collection_rate"]
        shown[f"{one['fund']} collected"] = parse_yuan(rate["numerator"]["amount"])
        shown[f"{one['fund']} levied"] = parse_yuan(rate["denominator"]["amount"])
    levied = sum(fen for name, fen in shown.items() if name.endswith("levied"))
    detail = f"{format_yuan(levied)} yuan levied"
    return _compare("dashboard_measures_equal_business_totals", business, shown, detail)


async def prove_months(play: Play) -> Proof:
    """Prove that both months are closed, each by two people, with the submitted totals."""
    closed_until = await play.office.get(_AUDITOR, "ledger", "/v1/closed-until")
    papers = await play.office.pages(_AUDITOR, "ledger", "/v1/closings", level="month")
    faults = (
        [] if closed_until["month"] == PERIODS[-1] else [f"closed until {closed_until['month']}"]
    )
    closed = {}
    for paper in papers:
        if paper["status"] != "done" or paper["proposed_by"] == paper["approved_by"]:
            faults.append(f"{paper['period']} was not closed by two people")
        closed[paper["period"]] = paper["control"]
    if sorted(closed) != list(PERIODS):
        faults.append(f"months closed: {sorted(closed)}")
    detail = "、".join(sorted(closed)) + " 月结完成 closed"
    return Proof("months_are_closed_by_two_people", not faults, "; ".join(faults) or detail)


async def prove_funding(play: Play) -> Proof:
    """Prove that plans cover what their accounts paid, and that every hold is a batch's."""
    planned_fen, faults = 0, []
    for month in PAY_MONTHS:
        path = f"/v1/funding-reports/{month}"
        report = await play.office.get("dashboard", "payout", path)
        for fund in report["funds"]:
            for line in fund["lines"]:
                fen = {name: parse_yuan(line[name]) for name in ("planned", "paid", "returned")}
                planned_fen += fen["planned"]
                if 0 < fen["planned"] < fen["paid"] - fen["returned"]:
                    faults.append(f"{month} {line['account']}: paid {line['paid']}")
            faults += [f"{month} {one}" for one in fund["warnings"] if one.startswith("HELD")]
    detail = f"{format_yuan(planned_fen)} yuan planned 已列入用款计划"
    return Proof(
        "plans_cover_payments", not faults and planned_fen > 0, "; ".join(faults) or detail
    )


async def prove_three_totals(play: Play) -> Proof:
    """Business, books and statistics of every item and fund, each added up from its own source."""
    day = LAST_DAYS[-1]
    collection, payout, books = await asyncio.gather(
        *[
            play.office.get(_AUDITOR, service, path, as_of=day)
            for service, path in (
                ("collection", "/v1/closing-control"),
                ("payout", "/v1/closing-control"),
                ("ledger", "/v1/closing-totals"),
            )
        ]
    )
    totals = list(three_totals(merged(collection, payout)["funds"], books))
    differences = [
        f"{one.fund} {one.item}{' at the opening' if one.is_opening else ''}: "
        + " / ".join(format_yuan(fen) for fen in one.sums)
        for one in totals
        if one.apart_fen
    ]
    compared = len(totals)
    detail = "; ".join(differences[:5]) or f"{compared} totals, three sources each"
    return Proof("three_totals_agree", not differences and compared > 0, detail)


def _compare(name: str, expected: dict[str, int], found: dict[str, int], detail: str) -> Proof:
    """Compare two sides fund by fund; a missing fund counts as zero."""
    differences = [
        f"{fund}: {format_yuan(expected.get(fund, 0))} against {format_yuan(found.get(fund, 0))}"
        for fund in sorted(expected.keys() | found.keys())
        if expected.get(fund, 0) != found.get(fund, 0)
    ]
    return Proof(name, not differences, "; ".join(differences[:5]) or detail)
