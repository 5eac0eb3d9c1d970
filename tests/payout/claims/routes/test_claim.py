"""Doors of claims: filing, and three signatures by three people."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.ids import Ref
from shared.references import Reference
from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, number, result

UNIT = "91120101MA00000006"


async def trail_of(office: Office, claim: str) -> list[tuple[str, str]]:
    answer = await office.ask("GET", f"/v1/claims/{claim}/trail", role="supervisor")
    return [(step["step"], step["person"]) for step in answer.json()["items"]]


async def test_a_claim_is_filed_with_its_fund_and_account(office: Office) -> None:
    body = hospital_claim("100.00", "250.50")
    body["lines"][0]["cost"] = {"total": "145.00", "deductible": "20.00", "ratio": "0.8000"}
    filed = await office.file(body)
    assert filed.status_code == 201, filed.text
    claim = filed.json()
    assert (claim["fund"], claim["account"]) == ("medical", "benefit.hospital")
    assert (claim["lines"], claim["total"], claim["status"]) == (2, "350.50", "filed")
    lines = await office.ask(
        "GET", f"/v1/claims/{claim['id']}/lines", role="district_reviewer", district="heping"
    )
    assert [line["amount"] for line in lines.json()["items"]] == ["100.00", "250.50"]
    first, second = lines.json()["items"]
    assert first["bank_account"]["number"] == "6222**********0000"
    cost = {"total": "145.00", "own": "0.00", "deductible": "20.00", "ratio": "0.8000"}
    assert (first["cost"], second["cost"]) == (cost, None)


async def test_wrong_control_totals_are_named_and_nothing_is_filed(
    office: Office,
) -> None:
    claim = hospital_claim("100.00") | {"control": {"lines": 2, "total": "99.00"}}
    answer = await office.file(claim)
    assert answer.status_code == 422
    assert {one["code"] for one in answer.json()["errors"]} == {
        "CONTROL_LINES_DIFFER",
        "CONTROL_TOTAL_DIFFERS",
    }


async def test_the_same_claim_filed_twice_is_refused_with_the_id_of_the_first(
    office: Office,
) -> None:
    claim = hospital_claim("77.00")
    first = await office.file(claim)
    again = await office.file(claim)
    assert again.status_code == 409
    assert first.json()["id"] in again.json()["detail"]


async def test_three_signatures_of_three_people_approve(office: Office) -> None:
    claim = await office.approved(hospital_claim("10.00"))
    assert await trail_of(office, claim) == [
        ("filed", "district_clerk.heping"),
        ("signed_1", "district_reviewer.heping"),
        ("signed_2", "department_head"),
        ("approved", "centre_leader"),
    ]
    too_late = await office.sign(claim, "centre_leader", "refuse", note="晚了")
    assert (too_late.status_code, too_late.json()["code"]) == (409, "CLAIM_DECIDED")


async def test_a_signature_out_of_order_is_refused(office: Office) -> None:
    claim = (await office.file(hospital_claim("10.00"))).json()["id"]
    for role in ("department_head", "centre_leader"):
        answer = await office.sign(claim, role)
        assert (answer.status_code, answer.json()["code"]) == (409, "SIGNATURE_OUT_OF_ORDER")
    await office.sign(claim, "district_reviewer", district="heping")
    again = await office.sign(claim, "district_reviewer", district="heping")
    assert (again.status_code, again.json()["code"]) == (409, "SIGNATURE_OUT_OF_ORDER")


async def test_the_filer_may_not_sign_and_nothing_is_written(office: Office) -> None:
    filed = await office.file(hospital_claim("10.00"), subject="wang")
    claim = filed.json()["id"]
    answer = await office.sign(claim, "district_reviewer", district="heping", subject="wang")
    assert (answer.status_code, answer.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert await trail_of(office, claim) == [("filed", "wang")]
    shown = await office.ask("GET", f"/v1/claims/{claim}", role="supervisor")
    assert shown.json()["status"] == "filed"


async def test_a_person_with_two_offices_signs_once(office: Office) -> None:
    claim = (await office.file(hospital_claim("10.00"))).json()["id"]
    await office.sign(claim, "district_reviewer", district="heping", subject="li")
    second = await office.sign(claim, "department_head", subject="li")
    assert (second.status_code, second.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert [person for _, person in await trail_of(office, claim)] == [
        "district_clerk.heping",
        "li",
    ]


async def test_the_database_itself_refuses_a_second_signature(office: Office) -> None:
    claim = Ref.parse(Reference.CLAIM, (await office.file(hospital_claim("10.00"))).json()["id"])
    with pytest.raises(DBAPIError, match="trail_one_signature_a_person"):
        async with office.app.state.db.transaction() as tx:
            await tx.execute(
                text("""
                    INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role,
                                       level, district)
                    VALUES (:key, gen_random_uuid(), 'claim', :id, 'signed_1', true,
                            'district_clerk.heping', 'x', 'x', 'x')
                """),
                {"key": claim.key, "id": claim.id},
            )


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM claim",
        "UPDATE claim SET total_fen = 1",
        "UPDATE claim_line SET amount_fen = 1",
        "DELETE FROM trail",
        "UPDATE trail SET person = 'x'",
        "UPDATE payment_line SET amount_fen = 1",
        "DELETE FROM payment_result",
        "DELETE FROM benefit_kind",
        "UPDATE benefit_kind SET fund = 'pension'",
        "SELECT 1 FROM ledger.alembic_version",
    ],
)
async def test_the_service_may_not_rewrite_history(office: Office, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with office.app.state.db.transaction() as tx:
            await tx.execute(text(statement))


async def test_a_refusal_needs_a_note_and_ends_the_claim(office: Office) -> None:
    claim = (await office.file(hospital_claim("10.00"))).json()["id"]
    without_note = await office.sign(claim, "district_reviewer", "refuse", district="heping")
    assert (without_note.status_code, without_note.json()["code"]) == (422, "NOTE_MISSING")
    refused = await office.sign(
        claim, "district_reviewer", "refuse", district="heping", note="发票不全"
    )
    assert refused.json()["status"] == "refused"
    closed = await office.sign(claim, "department_head")
    assert closed.status_code == 409


async def test_district_people_may_not_see_another_districts_claim(office: Office) -> None:
    claim = (await office.file(hospital_claim("10.00"))).json()["id"]
    foreign = {"role": "district_reviewer", "district": "nankai"}
    for path in ("", "/lines", "/trail"):
        answer = await office.ask("GET", f"/v1/claims/{claim}{path}", **foreign)
        assert answer.status_code == 403
    signed = await office.sign(claim, **foreign)
    assert signed.status_code == 403
    listed = await office.ask("GET", "/v1/claims", **foreign)
    assert claim not in [one["id"] for one in listed.json()["items"]]
    other = await office.client.get(
        "/v1/claims?district=heping", headers=office.bearer("district_reviewer", "nankai")
    )
    assert other.status_code == 403
    filed = await office.file(hospital_claim("1.00", district="heping"), "nankai")
    assert filed.status_code == 403


async def test_a_role_without_a_signature_is_refused(office: Office) -> None:
    claim = (await office.file(hospital_claim("10.00"))).json()["id"]
    for role in ("centre_cashier", "supervisor", "bank_gateway"):
        assert (await office.sign(claim, role)).status_code == 403


def maternity(serial: int, **changes: object) -> dict[str, object]:
    """Build a claim of the birth of one mother."""
    claim = hospital_claim("5000.00") | {
        "kind": "maternity_allowance",
        "credit_code": UNIT,
        "filed_on": "2021-08-02",
    }
    claim["lines"][0]["identity_number"] = number(serial)
    return claim | changes


async def test_an_allowance_is_refused_while_the_employer_has_arrears(office: Office) -> None:
    office.peers.arrears[UNIT] = "123.45"
    answer = await office.file(maternity(1))
    assert (answer.status_code, answer.json()["code"]) == (409, "UNIT_IN_ARREARS")
    assert "123.45" in answer.json()["detail"]
    office.peers.arrears[UNIT] = "0.00"
    office.peers.blocked[UNIT] = "本地办法第六条"
    flagged = await office.file(maternity(2))
    assert (flagged.status_code, flagged.json()["code"]) == (409, "UNIT_FLAGGED")
    assert "第六条" in flagged.json()["detail"]
    del office.peers.blocked[UNIT]
    filed = await office.file(maternity(2))
    assert filed.status_code == 201, filed.text
    assert (filed.json()["fund"], filed.json()["account"]) == (
        "medical",
        "benefit.maternity_allowance",
    )


async def test_the_maternity_fund_pays_until_its_merger(office: Office) -> None:
    office.peers.arrears[UNIT] = "0.00"
    before = await office.file(maternity(3, period="2019-11", filed_on="2019-12-20"))
    assert before.json()["fund"] == "maternity"
    after = await office.file(maternity(4, period="2019-11", filed_on="2020-01-02"))
    assert after.json()["fund"] == "medical"


async def test_an_allowance_needs_an_employer_that_collection_knows(office: Office) -> None:
    office.peers.arrears.clear()
    missing = await office.file(maternity(5, credit_code=None))
    assert missing.json()["errors"][0]["pointer"] == "/credit_code"
    unknown = await office.file(maternity(6))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "UNIT_UNKNOWN")


async def test_an_allowance_is_refused_while_collection_is_down(office: Office) -> None:
    office.peers.is_down = True
    answer = await office.file(maternity(7))
    office.peers.is_down = False
    assert (answer.status_code, answer.json()["code"]) == (503, "COLLECTION_UNAVAILABLE")
    assert "retry-after" in answer.headers


async def test_claims_are_filtered_by_status(office: Office) -> None:
    batch = await office.ready_batch(hospital_claim("3.00"))
    await office.report(batch, [result(line) for line in await office.lines(batch)])
    answer = await office.ask("GET", "/v1/claims", role="supervisor", status="approved", limit=500)
    assert {one["status"] for one in answer.json()["items"]} == {"approved"}
