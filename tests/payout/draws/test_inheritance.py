"""The account of a pensioner: lowered by what is paid, put back, and paid to the heirs at death."""

from typing import Any
from uuid import UUID

import httpx

from shared.ids import Ref
from shared.money import format_yuan, parse_yuan
from shared.references import Reference
from tests.payout.support.merging import merge, person_of
from tests.payout.support.office import Office
from tests.payout.support.papers import account, result
from tests.payout.support.retiring import NAME, applicant, filed, look, meeting, three_steps

HELD_FEN = 120_000_00
HERE = "jinghai"


async def retire(office: Office, district: str = HERE) -> tuple[str, int]:
    """Open a pension; return the number, and the account's part of a month."""
    number = applicant(office, district)
    office.peers.accounts[office.app.state.person_keys.key(number), "pension"] = HELD_FEN
    paper = await filed(office, number, district)
    await three_steps(office, [paper["id"]], district)
    assert (await meeting(office, [paper["id"]], district)).status_code == 201
    detail = await look(office, f"/v1/qualifications/{paper['id']}")
    [part] = [one for one in detail["parts"] if one["id"] == "account"]
    return number, parse_yuan(part["amount"])


def known(office: Office, number: str) -> None:
    """Let collection know the person by the key alone too."""
    keys, records = office.app.state.person_keys, office.peers.records
    by_key = Ref(keys.key(number), UUID(int=0)).text(Reference.PERSON)
    records[by_key] = records[person_of(keys, number).text(Reference.PERSON)]


def carried_over(number: str) -> dict[str, Any]:
    """Write the line of a paper that takes a pension over from an old system."""
    return {
        "identity_number": number,
        "kind": "basic_pension",
        "name": NAME,
        "monthly_amount": "3000.00",
        "bank_account": account(2, NAME),
        "from": "2026-01",
    }


async def pay_month(office: Office, period: str, district: str = HERE) -> str:
    """Run, sign and pay a month; return the batch."""
    run = await office.run_pensions(period, district)
    assert run.status_code == 201, run.text
    batch = (await office.batch([await office.approve(run.json())])).json()["id"]
    await office.fund()
    lines = await office.lines(batch)
    await office.report(batch, [result(line) for line in lines])
    return str(batch)


async def drawn(office: Office, number: str) -> int:
    """Let the background work and the relay work; return what the account gave to pensions."""
    while await office.app.state.account_draws.step():
        pass
    await office.deliver()
    key = office.app.state.person_keys.key(number), "pension"
    assert office.peers.accounts[key] + office.peers.pensions.get(key, 0) == HELD_FEN
    return office.peers.pensions.get(key, 0)


async def inherit(office: Office, number: str, district: str = HERE) -> httpx.Response:
    body = {
        "fund": "pension",
        "district": district,
        "identity_number": number,
        "reason": "death",
        "payee_name": "张小明",
        "bank_account": account(1, "张小明"),
        "documents": ["application", "death_certificate", "kinship_proof"],
    }
    how = {"role": "district_clerk", "district": district}
    return await office.ask("POST", "/v1/account-payments", body, **how)


async def dies(office: Office, number: str, day: str, district: str = HERE) -> None:
    person = {"identity_number": number, "kind": "basic_pension", "event_on": day}
    done = await office.change("end", [person], district, reason="death", document="死亡证明")
    assert done.status_code == 201, done.text


async def test_what_is_left_at_death_goes_to_the_heirs_however_late_the_death_is_known(
    office: Office,
) -> None:
    number, part_fen = await retire(office)
    known(office, number)
    assert part_fen > 0
    assert await drawn(office, number) == 0
    # Nobody states another part of a pension that was computed here.
    stated = carried_over(number) | {"account_amount": "0.00"}
    typed = await office.propose_change("register", [stated], HERE)
    assert "ACCOUNT_PART_COMPUTED" in {one["code"] for one in typed.json()["errors"]}
    batch = await pay_month(office, "2026-08")
    assert await drawn(office, number) == part_fen
    for month in ("2026-09", "2026-10"):
        await pay_month(office, month)
    assert await drawn(office, number) == 3 * part_fen
    # A month that comes back is put back.
    line = (await office.lines(batch))[0]
    await office.report(batch, [result(line, "returned", value_date="2021-08-09")])
    assert await drawn(office, number) == 2 * part_fen
    living = await inherit(office, number)
    assert (living.status_code, living.json()["code"]) == (409, "ACCOUNT_PENSION_DRAWN")
    retiree = office.peers.retirees[office.app.state.person_keys.key(number)]
    assert (retiree["born"], retiree["until"]) == ("1965-01", None)
    # The death in September becomes known in November: October was paid and takes nothing.
    await dies(office, number, "2026-09-20")
    assert await drawn(office, number) == part_fen
    assert office.peers.retirees[office.app.state.person_keys.key(number)]["until"] == "2026-10"
    versions = office.peers.retiree_versions
    assert len(versions) > 1
    assert versions == sorted(set(versions))
    claim = await inherit(office, number)
    assert claim.status_code == 201, claim.text
    # August came back and is still due to the estate: its part is the pension's, not the heirs'.
    assert claim.json()["total"] == format_yuan(HELD_FEN - 2 * part_fen)
    trail = await office.ask("GET", f"/v1/claims/{claim.json()['id']}/trail", role="supervisor")
    [first] = [one for one in trail.json()["items"] if one["step"] == "filed"]
    assert first["detail"]["basis"]["pension_months"] == 2
    assert first["detail"]["basis"]["pensions_due"] == format_yuan(2 * part_fen)


async def test_a_pension_carried_over_without_its_part_is_not_inherited(office: Office) -> None:
    number = applicant(office, HERE)
    assert (await office.register([carried_over(number)], HERE)).status_code == 201
    known(office, number)
    office.peers.accounts[office.app.state.person_keys.key(number), "pension"] = HELD_FEN
    await dies(office, number, "2026-09-20")
    refused = await inherit(office, number)
    assert (refused.status_code, refused.json()["code"]) == (409, "ACCOUNT_PART_UNKNOWN")


async def test_a_carried_over_pension_states_the_part_of_its_account_later_on(
    office: Office,
) -> None:
    number, district = applicant(office, "ninghe"), "ninghe"
    known(office, number)
    office.peers.accounts[office.app.state.person_keys.key(number), "pension"] = HELD_FEN
    assert (await office.register([carried_over(number)], district)).status_code == 201
    await pay_month(office, "2026-08", district)
    await pay_month(office, "2026-09", district)
    assert await drawn(office, number) == 0
    again = carried_over(number) | {"account_amount": "3000.01"}
    wrong = await office.propose_change("register", [again], district)
    assert [one["code"] for one in wrong.json()["errors"]] == ["ACCOUNT_PART_TOO_LARGE"]
    again["account_amount"] = "700.00"
    typed = await office.propose_change("register", [again], district, reason="adjusted")
    assert "MEMBER_UNUSED" in [one["code"] for one in typed.json()["errors"]]
    assert (await office.register([again], district)).status_code == 201
    assert await drawn(office, number) == 1400_00
    await dies(office, number, "2026-09-20", district)
    claim = await inherit(office, number, district)
    assert claim.json()["total"] == format_yuan(HELD_FEN - 1400_00), claim.text
    # The death cannot be taken back while the heirs' claim lives.
    person = {"identity_number": number, "kind": "basic_pension", "from": "2026-10"}
    lifted = await office.propose_change("resume", [person], district, reason="death")
    assert [one["code"] for one in lifted.json()["errors"]] == ["ACCOUNT_PAID"], lifted.text


async def test_no_pension_is_carried_over_from_an_account_that_was_paid(office: Office) -> None:
    number = applicant(office, HERE)
    known(office, number)
    office.peers.accounts[office.app.state.person_keys.key(number), "pension"] = HELD_FEN
    person = carried_over(number)
    proposed = await office.propose_change("register", [person], HERE)
    claim = await inherit(office, number)
    assert claim.status_code == 201, claim.text
    late = await office.decide_change(proposed.json()["id"], district=HERE)
    refused = await office.propose_change("register", [person], HERE)
    for answer in (late, refused):
        assert [one["code"] for one in answer.json()["errors"]] == ["ACCOUNT_PAID"]
        assert claim.json()["id"] in answer.json()["errors"][0]["message"]


async def test_an_inheritance_is_looked_at_again_at_its_last_signature(office: Office) -> None:
    """The old record's heirs filed; it then ends in one that draws a pension."""
    old = applicant(office, HERE)
    known(office, old)
    office.peers.accounts[office.app.state.person_keys.key(old), "pension"] = HELD_FEN
    claim = (await inherit(office, old)).json()
    for role, district in (("district_reviewer", HERE), ("department_head", "centre")):
        signed = await office.sign(claim["id"], role, district=district)
        assert signed.status_code == 201, signed.text
    number, _ = await retire(office)
    await merge(office, old, number, name=NAME)
    last = await office.sign(claim["id"], "centre_leader")
    assert (last.status_code, last.json()["code"]) == (409, "ACCOUNT_PENSION_DRAWN"), last.text
    await dies(office, number, "2026-09-20")
    last = await office.sign(claim["id"], "centre_leader")
    assert (last.status_code, last.json()["code"]) == (409, "ACCOUNT_PENSION_CHANGED"), last.text
    refused = await office.sign(claim["id"], "centre_leader", "refuse", note="重新申请")
    assert refused.status_code == 201, refused.text
    known(office, number)
    again = await inherit(office, number)
    assert again.status_code == 201, again.text
    assert await office.approve(again.json()) == again.json()["id"]


async def test_the_part_of_the_pension_that_stays_is_drawn(office: Office) -> None:
    """Two pensions of one person begin in the same month; the older record's pays on."""
    district = "hebei"
    old, right = (applicant(office, district) for _ in range(2))
    for number, part in ((old, "500.00"), (right, "900.00")):
        known(office, number)
        stated = carried_over(number) | {"account_amount": part}
        assert (await office.register([stated], district)).status_code == 201
    office.peers.accounts[office.app.state.person_keys.key(right), "pension"] = HELD_FEN
    person = {"identity_number": right, "kind": "basic_pension", "event_on": "2026-07-10"}
    ended = await office.change("end", [person], district, reason="emigration", document="注销")
    assert ended.status_code == 201, ended.text
    await merge(office, old, right, name=NAME)
    await pay_month(office, "2026-08", district)
    assert await drawn(office, right) == 500_00
