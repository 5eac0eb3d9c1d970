"""Payout's tables with names and accounts: their columns, and the meaning that each is sealed under."""

from __future__ import annotations

from typing import Final

from shared.security.resealing import Form, ResealedTable, SealedColumn
from shared.security.sealing import SealedTable
from shared.webhooks.tables import RESEALED as WEBHOOKS

NAME: Final = "name"
BANK_NUMBER: Final = "bank_number"
BANK_HOLDER: Final = "bank_holder"

_ACCOUNT: Final = {"bank_number": BANK_NUMBER, "bank_holder": BANK_HOLDER}
_PAYEE: Final = {"payee_name": NAME} | _ACCOUNT
_PERSON: Final = {"person_id": "bigint", "id": "uuid"}

TABLES: Final = (
    SealedTable("entitlement", _PERSON, {"name": NAME} | _ACCOUNT),
    SealedTable("entitlement_end", _PERSON, {"name": NAME}),
    SealedTable(
        "claim_line", {"claim_key": "bigint", "claim_id": "uuid", "line_no": "integer"}, _PAYEE
    ),
    SealedTable(
        "payment_line", {"batch_key": "bigint", "batch_id": "uuid", "line_no": "integer"}, _PAYEE
    ),
    SealedTable("account_correction", {"claim_key": "bigint", "id": "uuid"}, _ACCOUNT),
)

_NUMBER: Final = SealedColumn("sealed_number", Form.BYTES, ("identity_number",))
_LINE: Final = {"claim_key": "bigint", "claim_id": "uuid", "line_no": "integer"}
_WITH_NUMBER: Final = frozenset({"entitlement", "entitlement_end", "claim_line"})
_SEALED_ACCOUNT: Final = tuple(
    SealedColumn(name, Form.MARKED, (label,)) for name, label in _ACCOUNT.items()
)

RESEALED: Final = (
    *(
        ResealedTable(
            table.name,
            table.key,
            (
                *(
                    SealedColumn(name, Form.MARKED, (label,))
                    for name, label in table.columns.items()
                ),
                *((_NUMBER,) if table.name in _WITH_NUMBER else ()),
            ),
        )
        for table in TABLES
    ),
    ResealedTable(
        "entitlement_change_line",
        {"change_key": "bigint", "change_id": "uuid", "line_no": "integer"},
        (
            _NUMBER,
            SealedColumn("name", Form.MARKED, (NAME,)),
            *_SEALED_ACCOUNT,
        ),
    ),
    ResealedTable(
        "qualification",
        {"qualification_key": "bigint", "id": "uuid"},
        (_NUMBER, SealedColumn("name", Form.MARKED, (NAME,)), *_SEALED_ACCOUNT),
    ),
    ResealedTable("entitlement_account", _PERSON, _SEALED_ACCOUNT),
    ResealedTable(
        "comparison_match", _PERSON, (_NUMBER, SealedColumn("name", Form.MARKED, (NAME,)))
    ),
    ResealedTable("person_correction", {"number": "bigint"}, (_NUMBER,)),
    ResealedTable("double_payment", _LINE, (_NUMBER,)),
    ResealedTable(
        "recovery_case",
        {"case_key": "bigint", "id": "uuid"},
        (_NUMBER, SealedColumn("name", Form.MARKED, (NAME,))),
    ),
    ResealedTable(
        "recovery_receipt",
        {"receipt_key": "bigint", "bank_serial": "text"},
        (SealedColumn("payer", Form.MARKED, (NAME,)),),
    ),
    WEBHOOKS,
)
"""All sealed columns of payout, for a rotation of its keys."""
