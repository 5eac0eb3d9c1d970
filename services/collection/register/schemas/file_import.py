"""Rows of imported files as units and people, and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from services.collection.common.domain.rows import RowFault
from services.collection.register.domain.file import Record
from services.collection.register.domain.unit import Unit
from services.collection.register.flows.file_import import Imported, PersonRow
from services.collection.register.schemas.unit import JoiningIn, UnitIn
from shared.schema import CreditCode, Out

SHOWN_MAX: Final = 1000
KINDS: Final = {
    "企业": "enterprise",
    "事业单位": "institution",
    "机关": "organ",
    "乡镇企业": "rural_enterprise",
    "灵活就业": "flexible",
}
SIZES: Final = {
    "大型": "large",
    "中型": "medium",
    "小型": "small",
    "微型": "micro",
    "个体工商户": "sole",
}
CATEGORIES: Final = {
    "职工": "employee",
    "仅工伤": "injury_only",
    "灵活就业": "flexible",
    "退休": "retiree",
}
COLLECTORS: Final = {"银行托收": "bank_debit", "税务征收": "tax"}
_ACCOUNT: Final = {"bank": "bank", "account_number": "number", "account_name": "name"}
_CELLS: Final = {"number": "account_number"}


class PersonIn(JoiningIn):
    """A person with the unit joined."""

    credit_code: CreditCode


def units_of(records: Sequence[Record]) -> tuple[list[tuple[int, Unit]], list[RowFault]]:
    """The rows that are units, and what is wrong with the others."""
    units, faults = [], []
    for record in records:
        try:
            units.append((record.row, UnitIn.model_validate(_unit_words(record)).unit()))
        except ValidationError as error:
            faults += _faults(record.row, error)
    return units, faults


def _unit_words(record: Record) -> dict[str, Any]:
    words: dict[str, Any] = {
        name: cell for name, cell in record.cells.items() if name not in _ACCOUNT
    }
    for name, known in (("kind", KINDS), ("collector", COLLECTORS), ("size", SIZES)):
        if name in words:
            words[name] = known.get(words[name], words[name])
    # A spreadsheet may say 1.0 where 1 was typed.
    if "injury_class" in words:
        words["injury_class"] = words["injury_class"].removesuffix(".0")
    account = {_ACCOUNT[name]: cell for name, cell in record.cells.items() if name in _ACCOUNT}
    return words | {"bank_account": account} if account else words


def people_of(records: Sequence[Record]) -> tuple[list[PersonRow], list[RowFault]]:
    """The rows that are people, and what is wrong with the others."""
    people, faults = [], []
    for record in records:
        try:
            found = PersonIn.model_validate(_person_words(record))
        except ValidationError as error:
            faults += _faults(record.row, error)
            continue
        people.append(PersonRow(record.row, found.credit_code, found.taken()))
    return people, faults


def _person_words(record: Record) -> dict[str, str]:
    words = dict(record.cells)
    if "category" in words:
        words["category"] = CATEGORIES.get(words["category"], words["category"])
    return words


def _faults(row: int, error: ValidationError) -> list[RowFault]:
    found = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        column = str(one["loc"][-1]) if one["loc"] else ""
        if one["loc"][:1] == ("bank_account",):
            column = _CELLS.get(column, "account_name" if column == "name" else column)
        found.append(RowFault(row, column, one["type"].upper(), one["msg"]))
    return found


class ImportFaultOut(BaseModel):
    """What is wrong in one cell; row 1 is the header, row 0 the file as a whole."""

    row: int
    column: str
    code: str
    message: str


class ImportedOut(Out):
    """What came of a file. `faults` and `warnings` are the first thousand of each; the report as CSV
    has every one. A row with a warning was taken."""

    rows: int
    imported: int = Field(description="新登记的行数")
    replayed: int = Field(description="此前已登记且内容相同的行数")
    refused: int = Field(description="有误、未登记的行数")
    faults: list[ImportFaultOut]
    warnings: list[ImportFaultOut] = Field(
        description="已登记、须核对的行 (taken, to be looked at)"
    )

    @classmethod
    def of(cls, found: Imported) -> ImportedOut:
        """As it is answered."""
        return cls(
            rows=found.rows,
            imported=found.imported,
            replayed=found.replayed,
            refused=found.refused,
            faults=_shown(found.faults),
            warnings=_shown(found.warnings),
        )


def _shown(faults: Sequence[RowFault]) -> list[ImportFaultOut]:
    return [
        ImportFaultOut(row=fault.row, column=fault.column, code=fault.code, message=fault.message)
        for fault in faults[:SHOWN_MAX]
    ]
