"""Doors of changes of entitlements: two people open, move, suspend, resume and end pensions."""

from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.process.regions import districts_of
from tests.payout.support.office import Office
from tests.payout.support.papers import account, number, pensioner

DISTRICTS = iter(sorted(districts_of("tianjin", None) - {"centre"}))
"""Each test has a district of its own, so that a run has its people alone."""
SERIAL = count(2000)


def since(serial: int, month: str) -> list[dict[str, Any]]:
    return [{"identity_number": number(serial), "from": month}]


async def run(office: Office, period: str, district: str) -> tuple[int, str]:
    """Run a month; return the lines and the total of what it pays."""
    answer = await office.run_pensions(period, district)
    if answer.json().get("code") == "NOTHING_TO_PAY":
        return 0, "0.00"
    assert answer.status_code == 201, answer.text
    return answer.json()["lines"], answer.json()["total"]


async def paid_to(office: Office, period: str, district: str) -> list[str]:
    """Run a month; return the accounts that it pays to."""
    filed = (await office.run_pensions(period, district)).json()
    lines = await office.ask("GET", f"/v1/claims/{filed['id']}/payees", role="supervisor")
    return [line["bank_account"]["number"] for line in lines.json()["items"]]


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [fault["code"] for fault in answer.json()["errors"]]


async def test_a_registration_counts_once_another_person_approves_it(office: Office) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    proposed = await office.propose_change("register", [pensioner(serial, "1000.00")], here)
    change = proposed.json()["id"]
    assert (proposed.json()["status"], proposed.json()["applied"]) == ("proposed", None)
    assert await run(office, "2021-05", here) == (0, "0.00")
    same = await office.decide_change(change, district=here, subject=f"district_clerk.{here}")
    assert (same.status_code, same.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await office.decide_change(change, district="ninghe")).status_code == 403
    approved = await office.decide_change(change, district=here)
    assert (approved.json()["status"], approved.json()["applied"]) == ("approved", 1)
    late = await office.decide_change(change, "refusals", district=here)
    assert late.json()["code"] == "ENTITLEMENT_CHANGE_DECIDED"
    assert await run(office, "2021-05", here) == (1, "1000.00")
    how = {"role": "district_reviewer", "district": here}
    shown = await office.ask("GET", f"/v1/entitlement-changes/{change}", **how)
    assert shown.json() == approved.json()
    (masked,) = (await office.ask("GET", f"/v1/entitlement-changes/{change}/lines", **how)).json()[
        "items"
    ]
    assert masked["name"] == "张**"
    path = f"/v1/entitlement-changes/{change}"
    (whole,) = (await office.ask("GET", f"{path}/accounts", **how)).json()["items"]
    assert whole["bank_account"] == account(serial)
    trail = await office.ask("GET", f"{path}/trail", **how)
    assert [step["step"] for step in trail.json()["items"]] == [
        "proposed",
        "approved",
        "accounts_read",
    ]
    (listed,) = (await office.ask("GET", "/v1/entitlements", **how)).json()["items"]
    assert listed["change"] == change
    listed = await office.ask("GET", "/v1/entitlement-changes", status="approved", **how)
    assert [paper["id"] for paper in listed.json()["items"]] == [change]


async def test_a_refused_paper_changes_nothing(office: Office) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    proposed = await office.propose_change("register", [pensioner(serial)], here)
    refused = await office.decide_change(proposed.json()["id"], "refusals", district=here)
    assert refused.json()["status"] == "refused"
    assert await run(office, "2021-05", here) == (0, "0.00")


async def test_suspended_months_are_paid_later_if_the_reason_says_so(office: Office) -> None:
    here, proved, jailed = next(DISTRICTS), next(SERIAL), next(SERIAL)
    await office.register([pensioner(proved, "1000.00"), pensioner(jailed, "10.00")], here)
    assert await run(office, "2021-05", here) == (2, "1010.00")
    missed = await office.change(
        "suspend", since(proved, "2021-06"), here, reason="life_proof_missed"
    )
    assert missed.status_code == 201, missed.text
    await office.change("suspend", since(jailed, "2021-06"), here, reason="prison")
    listed = await office.ask(
        "GET",
        "/v1/entitlement-suspensions",
        role="district_clerk",
        district=here,
        open="true",
    )
    first, second = listed.json()["items"]
    assert (first["reason"], first["change"]) == ("life_proof_missed", missed.json()["id"])
    assert (second["from"], second["until"]) == ("2021-06", None)
    twice = await office.change("suspend", since(jailed, "2021-07"), here, reason="prison")
    assert codes(twice) == ["SUSPENDED_ALREADY"]
    for month in ("2021-06", "2021-07"):
        assert await run(office, month, here) == (0, "0.00")
    nothing = await office.change("resume", since(jailed, "2021-06"), here, reason="prison")
    assert codes(nothing) == ["NO_BACK_PAY"]
    await office.change("resume", since(jailed, "2021-07"), here, reason="prison")
    await office.change("resume", since(proved, "2021-06"), here, reason="life_proof_missed")
    # A month whose run had nothing to pay has no run, so it is run now; later months follow.
    assert await run(office, "2021-06", here) == (1, "1000.00")
    assert await run(office, "2021-07", here) == (2, "1010.00")
    again = await office.change("resume", since(jailed, "2021-08"), here, reason="prison")
    assert codes(again) == ["NOT_STOPPED"]


async def test_resumed_months_are_arrears_of_the_next_run(office: Office) -> None:
    here, one, other = next(DISTRICTS), next(SERIAL), next(SERIAL)
    await office.register([pensioner(one, "1000.00"), pensioner(other, "1.00")], here)
    await office.change("suspend", since(one, "2021-05"), here, reason="missing")
    for month in ("2021-05", "2021-06"):
        assert await run(office, month, here) == (1, "1.00")
    await office.change("resume", since(one, "2021-05"), here, reason="missing")
    assert await run(office, "2021-07", here) == (4, "3001.00")


async def test_deaths_end_a_list_of_pensions_from_the_following_month(office: Office) -> None:
    here, dead, alive = next(DISTRICTS), next(SERIAL), next(SERIAL)
    await office.register([pensioner(dead, "1000.00"), pensioner(alive, "1.00")], here)
    people = [{"identity_number": number(dead), "event_on": "2021-05-31"}]
    ended = await office.change("end", people, here, reason="death")
    assert (ended.status_code, ended.json().get("applied")) == (201, 1)
    assert await run(office, "2021-05", here) == (2, "1001.00")
    assert await run(office, "2021-06", here) == (1, "1.00")
    ends = await office.ask("GET", "/v1/entitlement-ends", role="district_clerk", district=here)
    assert [(end["last_period"], end["reason"]) for end in ends.json()["items"]] == [
        ("2021-05", "death")
    ]
    assert codes(await office.change("end", people, here, reason="death")) == [
        "ENTITLEMENT_END_EXISTS"
    ]


async def test_the_first_run_after_a_change_pays_to_the_old_account(office: Office) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    await office.register([pensioner(serial, "1000.00")], here)
    new = {"identity_number": number(serial), "bank_account": account(serial + 50_000)}
    stranger = new | {"bank_account": account(serial + 50_000, "李四")}
    refused = await office.change("account", [stranger], here, reason="requested")
    assert codes(refused) == ["HOLDER_DIFFERS"]
    guarded = [stranger | {"holder_reason": "aunt"}]
    assert codes(await office.change("account", guarded, here, reason="requested")) == [
        "HOLDER_REASON_UNKNOWN"
    ]
    changed = await office.change("account", [new], here, reason="requested")
    assert changed.status_code == 201, changed.text
    old = account(serial)["number"]
    assert await paid_to(office, "2021-05", here) == [old]
    assert await paid_to(office, "2021-06", here) == [new["bank_account"]["number"]]
    by_stealth = pensioner(serial, "1100.00", "2021-07")
    assert codes(await office.register([by_stealth], here)) == ["ACCOUNT_DIFFERS"]
    raised = by_stealth | {"bank_account": new["bank_account"]}
    assert (await office.register([raised], here)).json()["applied"] == 1
    assert await paid_to(office, "2021-07", here) == [new["bank_account"]["number"]]


async def test_a_moved_pension_has_the_amount_of_before_even_if_raised_later(
    office: Office,
) -> None:
    here, there, serial = next(DISTRICTS), next(DISTRICTS), next(SERIAL)
    await office.register([pensioner(serial, "1000.00")], here)
    stays = await office.change("move", since(serial, "2021-06"), here, reason="residence")
    assert codes(stays) == ["ENTITLEMENT_HERE"]
    moved = await office.change("move", since(serial, "2021-06"), there, reason="residence")
    assert moved.status_code == 201, moved.text
    assert await run(office, "2021-05", here) == (1, "1000.00")
    assert await run(office, "2021-06", here) == (0, "0.00")
    assert await run(office, "2021-06", there) == (1, "1000.00")
    await office.register([pensioner(serial, "1100.00", "2021-05")], here)
    assert await run(office, "2021-07", there) == (2, "1200.00"), "100 of June, and July"
    assert await run(office, "2021-07", here) == (1, "100.00")


async def test_an_approval_checks_what_has_changed_since_the_proposal(office: Office) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    await office.register([pensioner(serial, "1000.00")], here)
    low = await office.propose_change("register", [pensioner(serial, "900.00", "2021-05")], here)
    await office.register([pensioner(serial, "950.00", "2021-05")], here)
    refused = await office.decide_change(low.json()["id"], district=here)
    assert codes(refused) == ["ENTITLEMENT_DIFFERS"]
    shown = await office.ask(
        "GET", f"/v1/entitlement-changes/{low.json()['id']}", role="supervisor"
    )
    assert shown.json()["status"] == "proposed", "nothing is half-written"


async def test_every_fault_of_a_list_is_named(office: Office) -> None:
    here = next(DISTRICTS)
    nobody = {"identity_number": number(next(SERIAL)), "from": "2021-05"}
    bad = [nobody, nobody, {"identity_number": "1", "name": "张建国"}]
    assert codes(await office.propose_change("suspend", bad, here, reason="prison")) == [
        "IDENTITY_NUMBER_SHAPE",
        "PERSON_REPEATED",
        "MEMBER_MISSING",
        "MEMBER_UNUSED",
    ]
    assert codes(await office.propose_change("suspend", [nobody], here, reason="prison")) == [
        "ENTITLEMENT_UNKNOWN"
    ]
    noteless = await office.propose_change("suspend", [nobody], here, reason="other")
    assert codes(noteless) == ["NOTE_MISSING"]
    unknown = await office.propose_change("suspend", [nobody], here, reason="holiday")
    assert unknown.json()["code"] == "ENTITLEMENT_RULE_MISSING"


async def test_a_rule_is_corrected_by_two_people(office: Office) -> None:
    rule = {
        "topic": "reason",
        "code": "suspend.hospital_stay",
        "in_force_from": "2021-01-01",
        "source": "津人社发[2021]1号",
        "reason": {"name": "住院", "back_pay": True},
    }
    path = "/v1/entitlement-rules"
    wrong = await office.ask(
        "POST", path, rule | {"account_hold": {"runs": 1}}, role="centre_auditor"
    )
    assert wrong.status_code == 422
    proposed = await office.ask("POST", path, rule, role="centre_auditor")
    assert proposed.status_code == 201, proposed.text
    approve = f"{path}/{proposed.json()['id']}/approvals"
    same = await office.ask("POST", approve, {}, role="centre_auditor")
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    done = await office.ask("POST", approve, {}, role="department_head")
    assert done.json()["status"] == "approved"
    refuse = f"{path}/{proposed.json()['id']}/refusals"
    late = await office.ask("POST", refuse, {"note": "不合规"}, role="department_head")
    assert late.json()["code"] == "ENTITLEMENT_RULE_DECIDED"
    other = (await office.ask("POST", path, rule, role="centre_auditor")).json()["id"]
    refused = await office.ask(
        "POST", f"{path}/{other}/refusals", {"note": "不合规"}, role="department_head"
    )
    assert refused.json()["status"] == "refused"
    here, serial = next(DISTRICTS), next(SERIAL)
    await office.register([pensioner(serial)], here)
    used = await office.change("suspend", since(serial, "2021-05"), here, reason="hospital_stay")
    assert used.status_code == 201, used.text
    shown = await office.ask("GET", path, role="supervisor", topic="account_hold")
    assert [row["value"] for row in shown.json()["items"]] == [{"runs": 1}]


@pytest.mark.parametrize(
    "statement",
    [
        """
        INSERT INTO entitlement (person_id, id, identity_blind, kind, district, sealed_number, name,
                                 monthly_fen, bank, bank_number, bank_holder, in_force_from,
                                 registered_by)
        VALUES (1, :id, 'b', 'basic_pension', 'heping', '', '', 1, 'b', '', '', '2021-01', 'x')
        """,
        """
        INSERT INTO entitlement_account (person_id, id, identity_blind, kind, bank, bank_number,
                                         bank_holder, held, change_key, change_id, known_at)
        VALUES (1, :id, 'b', 'basic_pension', 'b', '', '', false, 1, :id, now())
        """,
        """
        INSERT INTO entitlement_suspension (person_id, id, identity_blind, kind, since, reason,
                                            change_key, change_id, known_at)
        VALUES (1, :id, 'b', 'basic_pension', '2021-01', 'prison', 1, :id, now())
        """,
        """
        UPDATE entitlement_suspension
           SET until = '2021-09', resumed_key = 1, resumed_id = :id
        """,
        """
        INSERT INTO entitlement_end (person_id, id, identity_blind, kind, district, sealed_number,
                                     name, last_period, reason, status, proposed_by, decided_by,
                                     decided_at)
        VALUES (1, :id, 'b', 'basic_pension', 'heping', '', '', '2021-01', 'death', 'approved', 'One',
                'one', now())
        """,
        "UPDATE entitlement_end SET again_from = '2021-09', again_key = 1, again_id = :id",
        "UPDATE entitlement_change SET status = 'refused', applied = NULL, decided_at = now()",
        """
        INSERT INTO entitlement_change (change_key, id, action, district, reason, document, lines,
                                        status, proposed_by, decided_by, decided_at)
        VALUES (1, :id, 'register', 'heping', 'x', 'd', 1, 'approved', 'One', 'ｏｎｅ ', now())
        """,
    ],
)
async def test_the_database_lets_no_row_in_without_two_people(
    office: Office, statement: str
) -> None:
    with pytest.raises(DBAPIError, match=r"two people|two_people|decided already"):
        async with office.app.state.db.transaction() as tx:
            await tx.execute(text(statement), {"id": uuid4()})


async def test_nobody_types_the_amount_of_a_new_pension(office: Office) -> None:
    here, person = next(DISTRICTS), pensioner(next(SERIAL))
    typed = await office.propose_change("register", [person], here, reason="new_pension")
    assert [fault["code"] for fault in typed.json()["errors"]] == ["AMOUNT_NOT_COMPUTED"]
    nothing = await office.propose_change("register", [person], here, reason="adjusted")
    assert [fault["code"] for fault in nothing.json()["errors"]] == ["ENTITLEMENT_UNKNOWN"]
    assert (await office.change("register", [person], here)).status_code == 201, "carried over"
    later = person | {"monthly_amount": "2500.00", "from": "2021-06"}
    assert (await office.change("register", [later], here, reason="adjusted")).status_code == 201
