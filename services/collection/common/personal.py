"""All sealed columns of collection, for a rotation of its keys."""

from __future__ import annotations

from typing import Final

from shared.security.resealing import Form, ResealedTable, SealedColumn
from shared.webhooks.tables import RESEALED as WEBHOOKS

_NAME: Final = SealedColumn("sealed_name", Form.BYTES, ("name",))

RESEALED: Final = (
    ResealedTable(
        "person",
        {"person_id": "bigint"},
        (SealedColumn("sealed_number", Form.BYTES, ("identity_number",)), _NAME),
    ),
    ResealedTable("person_correction", {"person_id": "bigint", "id": "uuid"}, (_NAME,)),
    ResealedTable("unit", {"unit_id": "bigint"}, (SealedColumn("bank", Form.ACCOUNT),)),
    ResealedTable(
        "register_change",
        {"unit_id": "bigint", "id": "uuid"},
        (
            SealedColumn("before", Form.ACCOUNT, path=("bank",)),
            SealedColumn("after", Form.ACCOUNT, path=("bank",)),
        ),
    ),
    ResealedTable(
        "debit_line",
        {"unit_id": "bigint", "batch_id": "uuid", "line_no": "integer"},
        (SealedColumn("bank", Form.ACCOUNT),),
    ),
    ResealedTable(
        "bank_statement_line",
        {"account_key": "bigint", "day": "date", "line_no": "integer"},
        (
            SealedColumn("counter_account", Form.BYTES, ("counter_account",)),
            SealedColumn("counter_name", Form.BYTES, ("counter_name",)),
        ),
    ),
    ResealedTable(
        "withdrawn_statement_line",
        {"account_key": "bigint", "withdrawal": "uuid", "day": "date", "line_no": "integer"},
        (
            SealedColumn("counter_account", Form.BYTES, ("counter_account",)),
            SealedColumn("counter_name", Form.BYTES, ("counter_name",)),
        ),
    ),
    ResealedTable(
        "operation_part",
        {"operation_key": "bigint", "operation_id": "uuid", "part_no": "integer"},
        (SealedColumn("sealed", Form.BYTES, ("declaration_file", "tax_push_file")),),
        batch=8,  # a part has up to a mebibyte
    ),
    WEBHOOKS,
)
