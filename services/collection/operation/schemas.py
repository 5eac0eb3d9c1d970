"""Shapes of operations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from services.collection.operation.store import OperationRow
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out


class ProgressOut(Out):
    """The progress of an operation; `total` is the announced count."""

    done: int
    total: int | None


class OperationFaultOut(Out):
    """One fault of a file. Row 1 is the header; row 0 is the file as a whole."""

    row: int
    column: str
    code: str
    message: str


class OperationErrorOut(Out):
    """The reason of a failure: the number of faults, and the first of them."""

    code: str = Field(examples=["FILE_HAS_FAULTS"])
    message: str
    faults: int
    first: list[OperationFaultOut]


class OperationOut(Out):
    """A long operation (办理任务)."""

    id: str = Field(examples=[Reference.OPERATION.example])
    kind: str = Field(examples=["declaration_file"])
    status: str = Field(examples=["waiting", "running", "succeeded", "failed"])
    district: str
    asked: dict[str, Any]
    progress: ProgressOut
    result: dict[str, Any] | None
    error: OperationErrorOut | None
    attempt: int = Field(description="失败后重新提交则加一 (grows when it is requested again)")
    created_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: OperationRow) -> OperationOut:
        """Build the answer from a row."""
        return cls(
            id=Ref(row.operation_key, row.id).text(Reference.OPERATION),
            kind=row.kind,
            status=row.status,
            district=row.district,
            asked=row.asked,
            progress=ProgressOut(done=row.done, total=row.total),
            result=row.result,
            error=None if row.error is None else OperationErrorOut(**row.error),
            attempt=row.attempt,
            created_at=row.created_at,
            finished_at=row.finished_at,
        )
