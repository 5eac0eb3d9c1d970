"""A quote over HTTP, and a row that two people correct."""

from sqlalchemy import text

from services.payout.formulas.store.shipped import LOAD_MISSING, load_values
from tests.payout.support.office import Office

PENSION = {
    "on": "2025-09-30",
    "benefit": {
        "kind": "pension",
        "retirement_month": "2025-09",
        "age_months": 660,
        "paid_months": 185,
        "average_index": "0.758",
        "account_balance": "69743.68",
    },
}
AVERAGE = {
    "rule": "pension_average",
    "place": "tianjin",
    "in_force_from": "2025-01-01",
    "value": {"amount": "7570.00"},
    "source": "黑龙江省养老保险待遇核定表",
    "certain": True,
    "note": "补录",
}


async def test_a_row_counts_once_another_person_approves_it(office: Office) -> None:
    how = {"role": "centre_auditor", "subject": "wang"}
    proposed = await office.ask("POST", "/v1/formula-rows", AVERAGE, **how)
    assert proposed.status_code == 201, proposed.text
    path = f"/v1/formula-rows/{proposed.json()['id']}"
    alone = await office.ask("POST", f"{path}/approvals", {}, **how)
    assert (alone.status_code, alone.json()["code"]) == (409, "SAME_PERSON_TWICE")
    approved = await office.ask(
        "POST", f"{path}/approvals", {}, role="department_head", subject="li"
    )
    assert approved.json()["status"] == "in_force", approved.text
    trail = await office.ask("GET", f"{path}/trail", role="supervisor")
    assert [step["step"] for step in trail.json()["items"]] == ["proposed", "approved"]
    listed = await office.ask(
        "GET", "/v1/formula-rows", role="supervisor", rule="pension_average", status="in_force"
    )
    assert proposed.json()["id"] in [row["id"] for row in listed.json()["items"]]

    quoted = await office.ask("POST", "/v1/benefit-quotes", PENSION, role="district_clerk")
    answer = quoted.json()
    assert answer["total"] == "1436.09", quoted.text
    assert answer["eligible"]
    assert not answer["provisional"]
    assert proposed.json()["id"] in [row["id"] for row in answer["rows"]]
    assert all(row["source"] for row in answer["rows"])
    for row in answer["rows"]:
        shown = await office.ask("GET", f"/v1/formula-rows/{row['id']}", role="supervisor")
        assert (shown.status_code, shown.json()["source"]) == (200, row["source"])


async def test_a_row_with_faults_is_refused_with_every_fault(office: Office) -> None:
    wrong = AVERAGE | {"value": {"amount": "x", "more": 1}}
    answer = await office.ask("POST", "/v1/formula-rows", wrong, role="centre_auditor")
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {
        "/value/amount",
        "/value/more",
    }


async def test_a_proposed_row_is_refused_with_the_reason(office: Office) -> None:
    proposed = await office.ask(
        "POST", "/v1/formula-rows", AVERAGE, role="centre_auditor", subject="wang"
    )
    refused = await office.ask(
        "POST",
        f"/v1/formula-rows/{proposed.json()['id']}/refusals",
        {"note": "依据不符"},
        role="department_head",
        subject="li",
    )
    assert refused.json()["status"] == "refused", refused.text


async def test_loading_again_never_undoes_what_people_put_in_force(office: Office) -> None:
    """A later migration loads rows that are missing; it meets the rows of the first test."""
    async with office.app.state.db.transaction() as tx:
        before = (await tx.execute(text("SELECT id, status FROM formula_row ORDER BY id"))).all()
        await tx.execute(text(LOAD_MISSING), load_values())
        after = (await tx.execute(text("SELECT id, status FROM formula_row ORDER BY id"))).all()
    assert len(before) > len(load_values())
    assert after == before
