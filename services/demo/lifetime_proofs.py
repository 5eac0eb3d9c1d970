"""Proofs of the pensions' lifetime: a death, a raise, a return, a refund."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from services.demo.collecting import Play
from services.demo.episode_proofs import differences, proof, repaid_faults
from services.demo.lifetime import Lifetime
from services.demo.proofs import Proof
from shared.money import PPM, parse_rate, parse_yuan

_AUDITOR: Final = "supervisor"


async def prove_lifetime(play: Play, papers: Lifetime) -> list[Proof]:
    """Prove every episode of payout."""
    faults = await repaid_faults(play, papers.returned, "returned")
    return [
        await _prove_recovery(play, papers.case),
        await _prove_raise(play, papers.pension_raise),
        proof("a_returned_pension_is_paid_again_once", faults, papers.returned.amount),
        await _prove_stable_job(play, papers.refund, papers.refunded_unit),
    ]


async def _prove_recovery(play: Play, reference: str) -> Proof:
    """Prove that the month is back, by two people, and that nobody is overpaid any more."""
    path = f"/v1/recovery-cases/{reference}"
    found, entries, *left = await asyncio.gather(
        play.office.get(_AUDITOR, "payout", path),
        play.office.get(_AUDITOR, "payout", f"{path}/entries"),
        *[
            play.office.get(_AUDITOR, "payout", "/v1/overpayments", district=district)
            for district in play.city.districts
        ],
    )
    case = found["case"]
    faults = differences(
        parse_yuan(case["amount"]),
        {
            "recovered": parse_yuan(case["recovered"]),
            "entries": sum(parse_yuan(one["amount"]) for one in entries["items"]),
        },
    )
    if case["status"] != "closed" or case["opened_by"] == case["decided_by"]:
        faults.append(f"the case is {case['status']}, by {case['opened_by']}, {case['decided_by']}")
    faults += [f"{one['total']} is overpaid" for one in left if one["total"] != "0.00"]
    return proof("a_month_after_a_death_comes_back", faults, case["amount"])


async def _prove_raise(play: Play, reference: str) -> Proof:
    """Prove that a raise by two people names everybody, and that the runs paid its arrears once."""
    path = f"/v1/pension-raises/{reference}"
    paper = await play.office.get(_AUDITOR, "payout", path)
    lines = await play.office.pages(_AUDITOR, "payout", f"{path}/lines")
    control = paper["control"]
    runs = await play.office.pages(_AUDITOR, "payout", "/v1/claims", kind="pension_run")
    arrears = 0
    for run in runs:
        payees = await play.office.pages(_AUDITOR, "payout", f"/v1/claims/{run['id']}/lines")
        arrears += sum(
            parse_yuan(one["amount"]) for one in payees if one["reference"] < run["period"]
        )
    faults = differences(parse_yuan(control["arrears"]), {"arrears paid": arrears})
    if len(lines) != control["people"] or paper["drafted_by"] == paper["decided_by"]:
        faults.append(f"{len(lines)} lines of {control['people']} people")
    return proof("a_raise_pays_its_arrears_once", faults, control["arrears"])


async def _prove_stable_job(play: Play, claim: str, unit: str) -> Proof:
    """Prove that the refund is the share of the row in force of what the unit's bills paid."""
    found: dict[str, Any] = await play.office.get(_AUDITOR, "payout", f"/v1/claims/{claim}")
    rows = await play.office.pages(_AUDITOR, "payout", "/v1/formula-rows", rule="stable_job_refund")
    [rate] = [row["value"]["rates"]["other"] for row in rows if row["place"] == "tianjin"]
    bills = await play.office.pages(_AUDITOR, "collection", "/v1/bills", credit_code=unit)
    paid = 0
    for bill in bills:
        whole = await play.office.get(_AUDITOR, "collection", f"/v1/bills/{bill['id']}")
        paid += sum(
            parse_yuan(line["settled"])
            for line in whole["lines"]
            if line["insurance"] == "unemployment"
        )
    share = (paid * parse_rate(rate) + PPM // 2) // PPM
    [batch] = await play.office.pages(
        _AUDITOR, "payout", "/v1/payment-batches", fund="unemployment"
    )
    lines = await play.office.pages(_AUDITOR, "payout", f"/v1/payment-batches/{batch['id']}/lines")
    sent = sum(parse_yuan(line["amount"]) for line in lines if line["status"] == "paid")
    faults = differences(
        parse_yuan(found["total"]), {"share of the bills": share, "paid by the bank": sent}
    )
    return proof("a_stable_job_refund_is_computed_from_what_was_paid", faults, found["total"])
