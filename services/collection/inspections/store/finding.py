"""SQL of the findings of inspection cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.inspections.domain.finding import FindingKind, InspectionFinding
from shared.ids import Ref

FINDINGS_MAX = 10_000
"""Findings that one case has at most."""


def _finding(**columns: Any) -> InspectionFinding:
    return InspectionFinding(**columns | {"kind": FindingKind(columns["kind"])})


async def insert(tx: AsyncConnection, ref: Ref, findings: Sequence[InspectionFinding]) -> int:
    """Write findings; return how many were new. A person's month, or a line, is found once."""
    made = await tx.execute(
        text("""
            INSERT INTO inspection_finding (unit_id, inspection_id, finding_no, kind, period,
                                            person_id, masked_number, wage_fen, claim, claim_line,
                                            amount_fen, note)
            SELECT CAST(:unit_id AS bigint), CAST(:id AS uuid), batch.*
              FROM unnest(CAST(:numbers AS integer[]), CAST(:kinds AS text[]),
                          CAST(:periods AS text[]), CAST(:people AS bigint[]),
                          CAST(:masked AS text[]), CAST(:wages AS bigint[]),
                          CAST(:claims AS text[]), CAST(:lines AS integer[]),
                          CAST(:amounts AS bigint[]), CAST(:notes AS text[])) AS batch
            ON CONFLICT DO NOTHING
            RETURNING finding_no
        """),
        {
            "unit_id": ref.key,
            "id": ref.id,
            "numbers": [finding.number for finding in findings],
            "kinds": [finding.kind.value for finding in findings],
            "periods": [finding.period for finding in findings],
            "people": [finding.person_id for finding in findings],
            "masked": [finding.masked_number for finding in findings],
            "wages": [finding.wage_fen for finding in findings],
            "claims": [finding.claim for finding in findings],
            "lines": [finding.claim_line for finding in findings],
            "amounts": [finding.amount_fen for finding in findings],
            "notes": [finding.note for finding in findings],
        },
    )
    return len(made.all())


async def of_case(tx: AsyncConnection, ref: Ref) -> list[InspectionFinding]:
    """Read the findings of a case in their order."""
    rows = await tx.execute(
        text("""
            SELECT finding_no AS number, kind, period, note, person_id, masked_number, wage_fen,
                   claim, claim_line, amount_fen, dropped
              FROM inspection_finding
             WHERE unit_id = :unit_id AND inspection_id = :id
             ORDER BY finding_no
             LIMIT :most
        """),
        {"unit_id": ref.key, "id": ref.id, "most": FINDINGS_MAX},
    )
    return [_finding(**row._mapping) for row in rows]


async def drop(tx: AsyncConnection, ref: Ref, dropped: Mapping[int, str]) -> None:
    """Write which findings are not upheld, and why; all others are."""
    await tx.execute(
        text("""
            UPDATE inspection_finding AS finding
               SET dropped = batch.why
              FROM (SELECT known.finding_no, chosen.why
                      FROM inspection_finding AS known
                      LEFT JOIN unnest(CAST(:numbers AS integer[]), CAST(:reasons AS text[]))
                           AS chosen (finding_no, why) ON chosen.finding_no = known.finding_no
                     WHERE known.unit_id = :unit_id AND known.inspection_id = :id) AS batch
             WHERE finding.unit_id = :unit_id AND finding.inspection_id = :id
               AND finding.finding_no = batch.finding_no
        """),
        {
            "unit_id": ref.key,
            "id": ref.id,
            "numbers": list(dropped),
            "reasons": list(dropped.values()),
        },
    )
