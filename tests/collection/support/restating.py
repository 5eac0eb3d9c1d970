"""Units whose months are declared, corrected and billed through the doors."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import orjson

from services.collection import worker
from shared.db import Database
from shared.ids import Ref, unit_key
from shared.money import parse_yuan
from shared.references import Reference
from tests.collection.support.money import line, push
from tests.collection.support.office import Office, a_person, control_of

_keys = count(1)
BILLED_ON = "2021-08-12"
Key = tuple[str, str]


@dataclass(frozen=True)
class Unit:
    """A unit with its people, by the place at which they were enrolled."""

    code: str
    people: list[dict[str, str]]
    district: str = "heping"

    @property
    def id(self) -> int:
        """Its shard key."""
        return unit_key(self.code)

    def at(self, *wages: str) -> list[dict[str, str]]:
        """Its first people at these wages."""
        return [person | {"wage": wage} for person, wage in zip(self.people, wages, strict=False)]


async def a_unit(office: Office, *, people: int = 4, **facts: Any) -> Unit:
    """A new unit with enrolled people."""
    district = facts.get("district", "heping")
    unit = Unit(await office.unit(**facts), [a_person() for _ in range(people)], district)
    await office.enrol(unit.code, unit.people, district=district)
    return unit


async def declared(office: Office, unit: Unit, *wages: str, **other: Any) -> dict[str, Any]:
    """The unit's declaration of its first people at these wages."""
    answer = await office.declare(unit.code, unit.at(*wages), **other)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def correct(
    office: Office, paper: dict[str, Any], unit: Unit, *wages: str, **other: Any
) -> httpx.Response:
    """Ask for the correction of a paper's month: the first people at these wages."""
    people = unit.at(*wages)
    body = {"note": "工资报错", "control": control_of(people), "people": people} | other
    return await office.post("employer_portal", f"/v1/declarations/{paper['id']}/corrections", body)


async def corrected(
    office: Office, paper: dict[str, Any], unit: Unit, *wages: str, **other: Any
) -> dict[str, Any]:
    """The correction of a paper's month."""
    answer = await correct(office, paper, unit, *wages, **other)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def review(office: Office, *papers: dict[str, Any]) -> None:
    """Accept and review papers in their districts."""
    for paper in papers:
        for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
            path = f"/v1/declarations/{paper['id']}/{act}"
            answer = await office.post(role, path, district=paper["district"])
            assert answer.status_code == 201, answer.text


async def audit(
    office: Office, paper: dict[str, Any], bill_date: str = BILLED_ON
) -> dict[str, Any]:
    """Send the district's reviewed papers of the period to the centre, and audit them."""
    where = {"district": paper["district"], "period": paper["period"]}
    sent = await office.post(
        "district_reviewer", "/v1/summaries", where, district=paper["district"]
    )
    assert sent.status_code == 201, sent.text
    summary: dict[str, Any] = sent.json()
    body = {"control": summary["control"], "bill_date": bill_date}
    answer = await office.post("centre_auditor", f"/v1/summaries/{summary['id']}/audits", body)
    assert answer.status_code == 201, answer.text
    return summary


async def bill(
    office: Office, db: Database, *papers: dict[str, Any], bill_date: str = BILLED_ON
) -> None:
    """Take papers of one district and period the whole way to their bills."""
    await review(office, *papers)
    await audit(office, papers[0], bill_date)
    await worker.issue_waiting_bills(db)


async def shown(office: Office, paper: dict[str, Any]) -> dict[str, Any]:
    """A paper as it stands now."""
    found: dict[str, Any] = (
        await office.get("supervisor", f"/v1/declarations/{paper['id']}")
    ).json()
    return found


async def bill_of(office: Office, paper: dict[str, Any]) -> dict[str, Any]:
    """The bill of a paper."""
    paper_id = Ref.parse(Reference.DECLARATION, paper["id"])
    rows = await office.fetch(
        "SELECT id FROM bill WHERE unit_id = $1 AND declaration_id = $2 AND kind <> 'charge'",
        paper_id.key,
        paper_id.id,
    )
    assert len(rows) == 1
    ref = Ref(paper_id.key, rows[0]["id"]).text(Reference.BILL)
    found: dict[str, Any] = (await office.get("supervisor", f"/v1/bills/{ref}")).json()
    return found


async def credits_of(office: Office, unit: Unit, **params: Any) -> list[dict[str, Any]]:
    """A unit's credits."""
    answer = await office.get("supervisor", f"/v1/units/{unit.code}/credits", **params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def pay(office: Office, unit: Unit, amount: str, period: str, paid_on: str) -> dict[str, Any]:
    """Money of a period comes from the tax bureau."""
    serial = f"R{next(_keys)}"
    row = line(serial, unit.code, parse_yuan(amount), period, paid_on=paid_on)
    body = push(serial, [row], collected_on=paid_on)
    answer = await office.post("tax_bureau", "/v1/tax-pushes", body, key=f"restating-{serial}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def by_share(lines: list[dict[str, Any]], *levels: str) -> dict[Key, int]:
    """Lines added up per insurance and party, in fen, without those that come to nothing."""
    sums: dict[Key, int] = defaultdict(int)
    for one in lines:
        if not levels or one["level"] in levels:
            sums[one["insurance"], one["party"]] += parse_yuan(one["amount"])
    return {key: fen for key, fen in sums.items() if fen}


async def memo_of(office: Office, unit: Unit) -> dict[tuple[str, str, str], int]:
    """Return the unit's balances in the memo book: (account, fund, district) → debit − credit."""
    rows = await office.fetch("SELECT payload FROM outbox ORDER BY id")
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        voucher = orjson.loads(row["payload"])
        if voucher.get("owner") != unit.code:
            continue
        for entry in voucher["entries"]:
            if entry["book"] == "memo":
                sign = 1 if entry["side"] == "debit" else -1
                key = (entry["account"], entry["fund"], entry["district"])
                sums[key] += sign * parse_yuan(entry["amount"])
    return {key: fen for key, fen in sums.items() if fen}


async def receivable_of(office: Office, unit: Unit) -> dict[tuple[str, str, str], int]:
    """Return the unit's open bills less its credits that no bill used, as collection books them.

    The ledger books refunds of credits itself, when it settles them.
    """
    rows = await office.fetch(
        """
        SELECT fund, district, CAST(sum(fen) AS bigint) AS fen
          FROM (SELECT line.fund, bill.district, line.amount_fen - line.settled_fen AS fen
                  FROM bill
                  JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
                 WHERE bill.unit_id = $1
                 UNION ALL
                SELECT fund, district, used_fen - amount_fen
                  FROM credit
                 WHERE unit_id = $1
                 UNION ALL
                SELECT part.fund, part.district, -part.amount_fen
                  FROM refund_part AS part
                  JOIN refund ON refund.refund_key = part.refund_key
                             AND refund.id = part.refund_id
                 WHERE part.refund_key = $1 AND part.credit_id IS NOT NULL
                   AND refund.status NOT IN ('refused', 'withdrawn', 'returned')) AS parts
         GROUP BY fund, district
        """,
        unit.id,
    )
    return {
        ("memo_receivable", row["fund"], row["district"]): row["fen"] for row in rows if row["fen"]
    }


async def assert_ties(office: Office, unit: Unit) -> None:
    """Assert that a unit's bills, lines, credits and memo book agree."""
    memo = await memo_of(office, unit)
    receivable = {key: fen for key, fen in memo.items() if key[0] == "memo_receivable"}
    assert receivable == await receivable_of(office, unit)
    bills = await office.fetch(
        """
        SELECT bill.total_fen, bill.credited_fen, bill.settled_fen, bill.status,
               CAST(coalesce(sum(line.amount_fen), 0) AS bigint) AS lines_fen,
               CAST(coalesce(sum(line.credited_fen), 0) AS bigint) AS lines_credited_fen,
               CAST(coalesce(sum(line.settled_fen), 0) AS bigint) AS lines_settled_fen
          FROM bill
          LEFT JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
         WHERE bill.unit_id = $1
         GROUP BY bill.unit_id, bill.id
        """,
        unit.id,
    )
    for row in bills:
        assert row["total_fen"] == row["lines_fen"]
        assert row["credited_fen"] == row["lines_credited_fen"]
        assert row["settled_fen"] == row["lines_settled_fen"]
        assert (row["status"] == "settled") == (row["total_fen"] == row["settled_fen"])
    used = await office.fetch(
        """
        SELECT credit.used_fen, coalesce(lowered.fen, 0) AS uses_fen,
               coalesce(refunded.fen, 0) AS refunded_fen
          FROM credit
          LEFT JOIN (SELECT credit_id, CAST(sum(amount_fen) AS bigint) AS fen
                       FROM credit_use
                      WHERE unit_id = $1
                      GROUP BY credit_id) AS lowered ON lowered.credit_id = credit.id
          LEFT JOIN (SELECT part.credit_id, CAST(sum(part.amount_fen) AS bigint) AS fen
                       FROM refund_part AS part
                       JOIN refund ON refund.refund_key = part.refund_key
                                  AND refund.id = part.refund_id
                      WHERE part.refund_key = $1
                        AND refund.status NOT IN ('refused', 'withdrawn', 'returned')
                      GROUP BY part.credit_id) AS refunded ON refunded.credit_id = credit.id
         WHERE credit.unit_id = $1
        """,
        unit.id,
    )
    assert all(row["used_fen"] == row["uses_fen"] + row["refunded_fen"] for row in used)
    lowered = await office.fetch(
        """
        SELECT CAST(coalesce(sum(credited_fen), 0) AS bigint) AS fen
          FROM bill_line
         WHERE unit_id = $1
        """,
        unit.id,
    )
    assert lowered[0]["fen"] == sum(row["uses_fen"] for row in used)
