"""Shapes of imported files: their rows as units and people, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from services.collection.common.domain.rows import RowFault
from services.collection.operation.schemas import OperationFaultOut
from services.collection.register.domain.file import Record, without_value
from services.collection.register.domain.unit import Unit
from services.collection.register.flows.file_import import ImportedPerson, ImportResult
from services.collection.register.schemas.unit import PersonEnrolmentIn, UnitIn
from shared.schema import CreditCode, Out
from shared.security.personal_data import AccountCipher
from shared.wire.input_faults import message_of

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
_CHOICES: Final = {"kind": KINDS, "size": SIZES, "collector": COLLECTORS}
"""Words of a file that stand for a value, by column."""
_ACCOUNT: Final = {"bank": "bank", "account_number": "number", "account_name": "name"}
_CELLS: Final = {"number": "account_number"}


class PersonIn(PersonEnrolmentIn):
    """A person to be enrolled, with the unit."""

    credit_code: CreditCode


def units_of(
    records: Sequence[Record], accounts: AccountCipher
) -> tuple[list[tuple[int, Unit]], list[RowFault]]:
    """Read rows as units; return them and the faults of the other rows."""
    units, faults = [], without_value(records)
    wrong = {fault.row for fault in faults}
    for record in records:
        if record.row in wrong:
            continue
        try:
            found = UnitIn.model_validate(_unit_members(record))
            units.append((record.row, found.unit(accounts)))
        except ValidationError as error:
            faults += _faults(record.row, error)
    return units, faults


def _unit_members(record: Record) -> dict[str, Any]:
    members: dict[str, Any] = {
        name: cell for name, cell in record.cells.items() if name not in _ACCOUNT
    }
    for name, known in _CHOICES.items():
        if name in members:
            members[name] = known.get(members[name], members[name])
    # Spreadsheets may write 1.0 where 1 was typed.
    if "injury_class" in members:
        members["injury_class"] = members["injury_class"].removesuffix(".0")
    account = {_ACCOUNT[name]: cell for name, cell in record.cells.items() if name in _ACCOUNT}
    return members | {"bank_account": account} if account else members


def people_of(records: Sequence[Record]) -> tuple[list[ImportedPerson], list[RowFault]]:
    """Read rows as people; return them and the faults of the other rows."""
    people, faults = [], without_value(records)
    wrong = {fault.row for fault in faults}
    for record in records:
        if record.row in wrong:
            continue
        try:
            found = PersonIn.model_validate(_person_members(record))
        except ValidationError as error:
            faults += _faults(record.row, error)
            continue
        people.append(ImportedPerson(record.row, found.credit_code, found.request()))
    return people, faults


def _person_members(record: Record) -> dict[str, str]:
    members = dict(record.cells)
    if "category" in members:
        members["category"] = CATEGORIES.get(members["category"], members["category"])
    return members


def _faults(row: int, error: ValidationError) -> list[RowFault]:
    found = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        column = str(one["loc"][-1]) if one["loc"] else ""
        if one["loc"][:1] == ("bank_account",):
            column = _CELLS.get(column, "account_name" if column == "name" else column)
        found.append(RowFault(row, column, one["type"].upper(), _message(column, one)))
    return found


def _message(column: str, error: ErrorDetails) -> str:
    """Say what a cell may hold, in the words of the file."""
    words = _CHOICES.get(column)
    if words is None or error["type"] not in {"enum", "literal_error"}:
        return message_of(error)
    return f"须为{'、'.join(words)}之一 (one of {', '.join(words.values())})"


class ImportOut(Out):
    """Result of an import. `faults` and `warnings` list the first thousand of each.

    The CSV report lists all of them. Rows with a warning were imported.
    """

    rows: int
    imported: int = Field(description="新登记的行数")
    replayed: int = Field(description="此前已登记且内容相同的行数")
    refused: int = Field(description="有误、未登记的行数")
    faults: list[OperationFaultOut]
    warnings: list[OperationFaultOut] = Field(
        description="已登记、须核对的行 (imported, to be checked)"
    )

    @classmethod
    def of(cls, found: ImportResult) -> ImportOut:
        """Build the answer."""
        return cls(
            rows=found.rows,
            imported=found.imported,
            replayed=found.replayed,
            refused=found.refused,
            faults=_shown(found.faults),
            warnings=_shown(found.warnings),
        )


def _shown(faults: Sequence[RowFault]) -> list[OperationFaultOut]:
    return [
        OperationFaultOut(
            row=fault.row, column=fault.column, code=fault.code, message=fault.message
        )
        for fault in faults[:SHOWN_MAX]
    ]
