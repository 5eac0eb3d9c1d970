"""The formula rows that ship with the product, and the statement that loads those that are missing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from services.payout.formulas.domain.row import FormulaRow
from services.payout.formulas.domain.rules import RULES

NAMESPACE: Final = UUID("5f0f8c56-6c0e-4b7c-9d6b-6a3c1f7c2e10")
_FOLDER: Final = Path(__file__).parents[2] / "data/formulas"

LOAD_MISSING: Final = """
    INSERT INTO formula_row (id, rule, place, in_force_from, in_force_to, value, source, certain,
                             status, proposed_by, approved_by, approved_at)
    SELECT CAST(:id AS uuid), CAST(:rule AS text), CAST(:place AS text),
           CAST(:in_force_from AS date), CAST(:in_force_to AS date), CAST(:value AS jsonb),
           CAST(:source AS text), CAST(:certain AS boolean), 'in_force', 'shipped', 'shipped', now()
     WHERE NOT EXISTS (
               SELECT 1
                 FROM formula_row
                WHERE rule = CAST(:rule AS text) AND place = CAST(:place AS text)
                  AND status = 'in_force'
                  AND daterange(in_force_from, in_force_to, '[]')
                      && daterange(CAST(:in_force_from AS date), CAST(:in_force_to AS date), '[]'))
"""
"""Loads a shipped row where no row of its rule and place is in force on any of its days."""


def rows() -> list[FormulaRow]:
    """Read the rows of every shipped file."""
    return [
        _row(content["place"], row)
        for path in sorted(_FOLDER.glob("*.json"))
        for content in [json.loads(path.read_text("utf-8"))]
        for row in content["rows"]
    ]


def load_values() -> list[dict[str, Any]]:
    """Return the parameters of `LOAD_MISSING` for every shipped row."""
    return [
        {
            "id": row.id,
            "rule": row.rule,
            "place": row.place,
            "in_force_from": row.in_force_from,
            "in_force_to": row.in_force_to,
            "value": json.dumps(row.value, ensure_ascii=False),
            "source": row.source,
            "certain": row.certain,
        }
        for row in rows()
    ]


def _row(place: str, row: dict[str, Any]) -> FormulaRow:
    until = row["in_force_to"]
    return FormulaRow(
        id=uuid5(NAMESPACE, f"{row['rule']}:{place}:{row['in_force_from']}"),
        rule=row["rule"],
        place=place,
        title=RULES[row["rule"]].title,
        in_force_from=date.fromisoformat(row["in_force_from"]),
        in_force_to=None if until is None else date.fromisoformat(until),
        value=row["value"],
        source=row["source"],
        certain=row["certain"],
    )
