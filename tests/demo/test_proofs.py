"""A proof that cannot fail proves nothing: each is shown a state in which it must."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.root import app
from services.demo import main
from services.demo.proofs import (
    Proof,
    State,
    measures_proof,
    prove_benefits,
    prove_cash,
    prove_contributions,
    prove_income_account,
    prove_persons,
    prove_receivable,
)
from services.demo.replay import differences
from services.demo.report import Report, as_json, fund_rows
from services.demo.stage import Stage
from shared.process.settings import Settings

GOOD = State(
    funds={
        "pension": {
            "memo_receivable": 500,
            "income_deposit": 0,
            "fiscal_deposit": 600,
            "expenditure_deposit": 100,
            "contribution_income.pooled": 700,
            "contribution_income.personal_account": 300,
            "suspense_receipts": 50,
            "benefit.basic_pension": 350,
        },
        "medical": {"memo_receivable": 0, "income_deposit": 0},
    },
    names={"pension": "养老", "medical": "医疗"},
    collected={
        "funds": {
            "pension": {
                "declared": "15.00",
                "collected": "10.20",
                "open": "6.00",
                "credits": "1.00",
                "refunded": "0.20",
            }
        },
        "suspended": "0.50",
    },
    paid={"funds": {"pension": {"paid": "4.00", "returned": "0.50"}}},
    chain={"items": [{"slot": 0, "seq": 9}]},
    control={
        "funds": {
            "pension": {
                "receivable": "5.00",
                "collected": "10.00",
                "personal": {
                    "part_paid": "0.30",
                    "in_delivery": "0.00",
                    "standing_credits": "0.00",
                    "unnamed": "0.00",
                },
            }
        }
    },
    recovered_fen=Counter(),
    persons={"totals_tie": True, "items": [{"fund": "pension", "credited": "2.70"}]},
)


def with_balance(account: str, fen: int) -> State:
    """The good state with one balance of the pension fund changed."""
    return replace(GOOD, funds=GOOD.funds | {"pension": GOOD.funds["pension"] | {account: fen}})


PURE = [
    (prove_receivable, "memo_receivable"),
    (prove_income_account, "income_deposit"),
    (prove_contributions, "contribution_income.pooled"),
    (prove_benefits, "benefit.basic_pension"),
    (prove_cash, "fiscal_deposit"),
    (prove_persons, "contribution_income.personal_account"),
]


@pytest.mark.parametrize(("prove", "account"), PURE)
def test_a_proof_holds_on_books_that_agree(prove: Any, account: str) -> None:
    assert prove(GOOD).ok


@pytest.mark.parametrize(("prove", "account"), PURE)
def test_a_proof_fails_by_a_single_fen_and_names_the_fund(prove: Any, account: str) -> None:
    for fen in (-1, 1):
        proof = prove(with_balance(account, GOOD.funds["pension"][account] + fen))
        assert not proof.ok
        assert "pension" in proof.detail


def test_a_single_credit_that_was_changed_is_noticed() -> None:
    assert not prove_persons(replace(GOOD, persons=GOOD.persons | {"totals_tie": False})).ok


@pytest.mark.parametrize(
    ("levied", "collected", "ok"),
    [("15.00", "10.00", True), ("15.01", "10.00", False), ("15.00", "9.99", False)],
)
def test_a_dashboard_that_counts_otherwise_than_business_is_noticed(
    levied: str, collected: str, ok: bool
) -> None:
    parts = {"numerator": {"amount": collected}, "denominator": {"amount": levied}}
    rate = {"measure": "collection_rate"} | parts
    measures = {
        "funds": [{"fund": "pension", "measures": [rate, {"measure": "arrival_rate"} | parts]}]
    }
    assert measures_proof(GOOD, measures).ok is ok


def test_one_funds_money_cannot_make_up_for_anothers() -> None:
    funds = {
        "pension": GOOD.funds["pension"] | {"fiscal_deposit": 599},
        "medical": GOOD.funds["medical"] | {"fiscal_deposit": 1},
    }
    assert not prove_cash(replace(GOOD, funds=funds)).ok


def test_a_replay_that_adds_a_voucher_is_noticed() -> None:
    assert differences(GOOD, GOOD) == []
    longer = replace(GOOD, chain={"items": [{"slot": 0, "seq": 10}]})
    assert differences(GOOD, longer) == ["chain changed"]


def report_of(*proofs: Proof) -> Report:
    return Report(
        units=1, persons=2, funds=fund_rows(GOOD), names=GOOD.names, proofs=proofs, seconds={}
    )


def test_the_json_report_says_money_in_strings_and_leaves_idle_funds_out() -> None:
    body = json.loads(as_json(report_of(Proof("every_trial_balance_is_zero", True, ""))))
    assert body["declared"] == "15.00"
    assert body["paid"] == "3.50"
    assert list(body["funds"]) == ["pension"]
    assert body["funds"]["pension"]["balance"] == "7.00"


def test_the_command_plays_the_city_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def play(settings: Settings, _: Stage, *, small: bool) -> Report:
        asked.append((settings.admin_database_url, small))
        return report_of(Proof("every_trial_balance_is_zero", True, ""))

    monkeypatch.setattr(main, "play", play)
    words = ["demo", "--small", "--json", "--database-url", "postgresql://a@b/c"]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(CliRunner().invoke, app, words).result()
    assert (done.exit_code, asked) == (0, [("postgresql://a@b/c", True)])
    assert json.loads(done.stdout)["units"] == 1


@pytest.mark.parametrize("json_output", [True, False])
@pytest.mark.parametrize("ok", [True, False])
def test_the_exit_code_is_one_when_a_proof_fails(
    ok: bool, json_output: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(*_: object, **__: object) -> Report:
        return report_of(Proof("every_trial_balance_is_zero", ok, "1 trial balance"))

    monkeypatch.setattr(main, "play", play)
    assert run_in_a_thread(json_output) == (0 if ok else 1)


def run_in_a_thread(json_output: bool) -> int:
    """`perform` starts a loop of its own, which the loop of the tests would not let it."""

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(main.perform, json_output, Settings()).result()
