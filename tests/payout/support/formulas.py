"""Books of formula rows: what ships, and the rows that an example states."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid5

from services.payout.formulas.domain.quote import quote
from services.payout.formulas.domain.row import FormulaRow, RowBook
from services.payout.formulas.domain.rules import RULES, value_faults
from services.payout.formulas.domain.worksheet import BenefitQuote
from services.payout.formulas.schemas.quote import BenefitQuoteIn
from services.payout.formulas.store import shipped as shipped_formula_store

DATA = Path(__file__).parents[1] / "formulas/data"
PLACE = "example"


def local_rows(rows: list[dict[str, Any]]) -> list[FormulaRow]:
    """Read the rows of an example; every value must be faultless."""
    read = []
    for number, row in enumerate(rows):
        assert value_faults(row["rule"], row["value"]) == [], row
        until = row.get("in_force_to")
        read.append(
            FormulaRow(
                id=uuid5(shipped_formula_store.NAMESPACE, f"example {number} {row}"),
                rule=row["rule"],
                place=PLACE,
                title=RULES[row["rule"]].title,
                in_force_from=date.fromisoformat(row["in_force_from"]),
                in_force_to=None if until is None else date.fromisoformat(until),
                value=row["value"],
                source="example",
                certain=True,
            )
        )
    return read


def book_of(rows: list[dict[str, Any]]) -> RowBook:
    """Make a book of the rows of the whole country and of an example's own rows."""
    country = [row for row in shipped_formula_store.rows() if row.place == "china"]
    return RowBook([*country, *local_rows(rows)], PLACE)


def quoted(rows: list[dict[str, Any]], on: str, benefit: dict[str, Any]) -> BenefitQuote:
    """Quote a body of the door by these rows."""
    body = BenefitQuoteIn.model_validate_json(json.dumps({"on": on, "benefit": benefit}))
    return quote(book_of(rows), body.on, body.benefit.inputs())


def examples(name: str) -> list[dict[str, Any]]:
    """Read the published examples of a file."""
    found: list[dict[str, Any]] = json.loads((DATA / f"{name}.json").read_text("utf-8"))["examples"]
    return found
