"""SQL of construction projects: registration, contract versions, declarations, certificates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.project.domain import Contract, Project
from shared.page import UnitFilter, read_page

_PROJECT = """SELECT project.unit_id, project.id, project.number, project.name,
                   project.credit_code, unit.district, project.starts_on, project.ends_on
              FROM project
              JOIN unit ON unit.unit_id = project.unit_id"""
"""A project belongs to the district that handles its unit today."""
_CERTIFICATE = """unit_id, id, project_id, number, credit_code, district, as_of, contract_fen,
       paid_fen, issued_by, issued_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPaper:
    """A project's declaration by its latest round: its contract version, total and bill."""

    declaration_id: UUID
    number: int
    round: int
    contract_version: int
    status: str
    total_fen: int
    bill_id: UUID | None
    bill_total_fen: int | None
    bill_settled_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCertificate:
    """Certificate that a project's contributions are paid in full."""

    unit_id: int
    id: UUID
    project_id: UUID
    number: str
    credit_code: str
    district: str
    as_of: date
    contract_fen: int
    paid_fen: int
    issued_by: str
    issued_at: datetime


async def insert(tx: AsyncConnection, project: Project, by: str) -> bool:
    """Store a project with its first contract; return False if the unit has one of that number."""
    result = await tx.execute(
        text("""
            INSERT INTO project (unit_id, id, number, name, credit_code, starts_on, ends_on,
                                 registered_by)
            VALUES (:unit_id, :id, :number, :name, :credit_code, :starts_on, :ends_on, :by)
            ON CONFLICT (unit_id, number) DO NOTHING
            RETURNING id
        """),
        {
            "unit_id": project.unit_id,
            "id": project.id,
            "number": project.number,
            "name": project.name,
            "credit_code": project.credit_code,
            "starts_on": project.starts_on,
            "ends_on": project.ends_on,
            "by": by,
        },
    )
    if result.first() is None:
        return False
    await add_contract(tx, project.unit_id, project.id, project.contract, by)
    return True


async def add_contract(
    tx: AsyncConnection, unit_id: int, project_id: UUID, contract: Contract, by: str
) -> None:
    """Store a version of the contract sum."""
    await tx.execute(
        text("""
            INSERT INTO project_contract (unit_id, project_id, version, contract_fen, signed_on,
                                          source_paper, recorded_by)
            VALUES (:unit_id, :project_id, :version, :contract_fen, :signed_on, :source_paper,
                    :by)
        """),
        asdict(contract) | {"unit_id": unit_id, "project_id": project_id, "by": by},
    )


async def find(tx: AsyncConnection, unit_id: int, project_id: UUID) -> Project | None:
    """Find a project."""
    rows = await tx.execute(
        text(f"{_PROJECT} WHERE project.unit_id = :unit_id AND project.id = :id"),
        {"unit_id": unit_id, "id": project_id},
    )
    found = await _with_contracts(tx, [dict(row) for row in rows.mappings()])
    return found[0] if found else None


async def of_number(tx: AsyncConnection, unit_id: int, number: str) -> Project | None:
    """Find a unit's project by its number."""
    rows = await tx.execute(
        text(f"{_PROJECT} WHERE project.unit_id = :unit_id AND project.number = :number"),
        {"unit_id": unit_id, "number": number},
    )
    found = await _with_contracts(tx, [dict(row) for row in rows.mappings()])
    return found[0] if found else None


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    district: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[Project]:
    """Read projects of a unit, of a district or of all, in the order of their keys."""
    rows = await read_page(
        tx,
        _PROJECT,
        key=("project.unit_id", "project.id"),
        after=after,
        limit=limit,
        row=dict[str, Any],
        equal={"project.unit_id": unit_id, "unit.district": district},
    )
    return await _with_contracts(tx, rows)


async def _with_contracts(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[Project]:
    contracts: dict[UUID, list[Contract]] = defaultdict(list)
    if rows:
        found = await tx.execute(
            text("""
                SELECT contract.project_id, contract.version, contract.contract_fen,
                       contract.signed_on, contract.source_paper
                  FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[]))
                    AS wanted (unit_id, id)
                  JOIN project_contract AS contract ON contract.unit_id = wanted.unit_id
                                                   AND contract.project_id = wanted.id
                 ORDER BY contract.project_id, contract.version
            """),
            {"units": [row["unit_id"] for row in rows], "ids": [row["id"] for row in rows]},
        )
        for row in found:
            columns = dict(row._mapping)
            contracts[columns.pop("project_id")].append(Contract(**columns))
    return [Project(**row, contracts=tuple(contracts[row["id"]])) for row in rows]


# --- declarations --------------------------------------------------------------------------------


async def add_paper(
    tx: AsyncConnection, unit_id: int, project_id: UUID, paper: tuple[UUID, int, int, int]
) -> None:
    """Link a round of a declaration to its project.

    `paper` is (declaration, round, number, contract version).
    """
    declaration_id, round_, number, version = paper
    await tx.execute(
        text("""
            INSERT INTO project_paper (unit_id, declaration_id, round, project_id, number,
                                       contract_version)
            VALUES (:unit_id, :declaration_id, :round, :project_id, :number, :version)
        """),
        {
            "unit_id": unit_id,
            "declaration_id": declaration_id,
            "round": round_,
            "project_id": project_id,
            "number": number,
            "version": version,
        },
    )


async def papers(tx: AsyncConnection, unit_id: int, project_id: UUID) -> list[ProjectPaper]:
    """Read a project's declarations in order, each by its latest round."""
    rows = await tx.execute(
        text("""
            SELECT paper.declaration_id, paper.number, paper.round, paper.contract_version,
                   declaration.status, declaration.total_fen, bill.id AS bill_id,
                   bill.total_fen AS bill_total_fen, bill.settled_fen AS bill_settled_fen
              FROM project_paper AS paper
              JOIN declaration ON declaration.unit_id = paper.unit_id
                              AND declaration.id = paper.declaration_id
                              AND declaration.round = paper.round
              LEFT JOIN bill ON bill.unit_id = paper.unit_id
                            AND bill.declaration_id = paper.declaration_id
                            AND bill.kind <> 'charge'
             WHERE paper.unit_id = :unit_id AND paper.project_id = :project_id
             ORDER BY paper.number
             LIMIT 1000
        """),
        {"unit_id": unit_id, "project_id": project_id},
    )
    return [ProjectPaper(**row._mapping) for row in rows]


async def paid_until(
    tx: AsyncConnection, unit_id: int, bill_ids: Sequence[UUID], day: date
) -> dict[UUID, int]:
    """Return the amounts allocated to bills by the end of a day, in fen, by bill."""
    rows = await tx.execute(
        text("""
            SELECT bill_id, CAST(sum(amount_fen) AS bigint) AS paid_fen
              FROM allocation
             WHERE unit_id = :unit_id AND bill_id = ANY(CAST(:bill_ids AS uuid[]))
               AND book_date <= :day
             GROUP BY bill_id
        """),
        {"unit_id": unit_id, "bill_ids": list(bill_ids), "day": day},
    )
    return {row.bill_id: row.paid_fen for row in rows}


async def contract_of(
    tx: AsyncConnection, unit_id: int, declaration_id: UUID, round_: int
) -> int | None:
    """Return the contract sum on which a round of a declaration was levied, in fen."""
    found = await tx.scalar(
        text("""
            SELECT contract.contract_fen
              FROM project_paper AS paper
              JOIN project_contract AS contract ON contract.unit_id = paper.unit_id
                                               AND contract.project_id = paper.project_id
                                               AND contract.version = paper.contract_version
             WHERE paper.unit_id = :unit_id AND paper.declaration_id = :declaration_id
               AND paper.round = :round
        """),
        {"unit_id": unit_id, "declaration_id": declaration_id, "round": round_},
    )
    return None if found is None else int(found)


# --- certificates --------------------------------------------------------------------------


async def count_certificates(tx: AsyncConnection, unit_id: int, start: str) -> int:
    """Count a unit's certificates whose number has a given start."""
    found = await tx.scalar(
        text("""
            SELECT count(*)
              FROM project_certificate
             WHERE unit_id = :unit_id AND starts_with(number, :start)
        """),
        {"unit_id": unit_id, "start": start},
    )
    return int(found or 0)


async def insert_certificate(tx: AsyncConnection, row: ProjectCertificate) -> None:
    """Store a certificate."""
    await tx.execute(
        text(f"""
            INSERT INTO project_certificate ({_CERTIFICATE})
            VALUES (:unit_id, :id, :project_id, :number, :credit_code, :district, :as_of,
                    :contract_fen, :paid_fen, :issued_by, :issued_at)
        """),
        asdict(row),
    )


async def find_certificate(
    tx: AsyncConnection, unit_id: int, certificate_id: UUID
) -> ProjectCertificate | None:
    """Find a certificate."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_CERTIFICATE}
                  FROM project_certificate
                 WHERE unit_id = :unit_id AND id = :id
            """),
            {"unit_id": unit_id, "id": certificate_id},
        )
    ).first()
    return None if row is None else ProjectCertificate(**row._mapping)
