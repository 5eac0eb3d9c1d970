"""Doors of statements (对账单), and of runs of the match."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Generator
from datetime import date
from functools import partial
from typing import IO, Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import Response

from services.collection.reconciliation.domain.statement import StatementHead, account_key
from services.collection.reconciliation.flows import run as run_flow
from services.collection.reconciliation.flows import statement as statement_flow
from services.collection.reconciliation.flows.statement import CounterVault
from services.collection.reconciliation.schemas.statement import (
    BankStatementOut,
    ReconciliationIn,
    ReconciliationOut,
    TakenStatementOut,
)
from shared.bank_files import formats
from shared.bank_files.csv_file import CsvFormat
from shared.bank_files.values import StatementEntry
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.guard.entrance import FILE_BYTES
from shared.money import YUAN_PATTERN, parse_yuan
from shared.page import Cursor, Limit, Page
from shared.roles import CENTRE, Right
from shared.schema import Code
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
DayQuery = Annotated[
    date, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-20"])
]
YuanQuery = Annotated[str, Query(pattern=YUAN_PATTERN, examples=["1200.00"])]
AccountQuery = Annotated[Code, Query(examples=["treasury_deposit"])]
CSV: Final = CsvFormat()
_TEXT: Final = {"schema": {"type": "string", "minLength": 1}}
_CONTENT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": _TEXT, "application/xml": _TEXT, "application/json": _TEXT},
    }
}


@router.post(
    "/v1/bank-statements",
    max_body_size=FILE_BYTES,
    operation_id="take_bank_statement",
    summary="上传对账单 · Upload a statement of one of our accounts",
    status_code=201,
    response_model=TakenStatementOut,
    openapi_extra=_CONTENT,
)
async def take_bank_statement(
    at: Annotated[Door, door(Right.UPLOAD_STATEMENT)],
    account: AccountQuery,
    first: DayQuery,
    last: DayQuery,
    opening: YuanQuery,
    closing: YuanQuery,
    bank_format: Annotated[
        str, Query(alias="format", max_length=40, description="文件格式 (format of the file)")
    ] = CSV.name,
) -> Response:
    """Take the statement of an account over some days: CSV, camt.053, JSON or a bank's GBK XML.

    Formats: csv, iso20022, json, gbk_xml:<profile>. Columns of CSV: booked_on, amount (negative when
    paid out), serial; reference, counter_account, counter_name, bank_code, text where known; Chinese
    headings are read too. The balances must continue those of the days before and after. The same file
    again changes nothing.
    """
    head = StatementHead(
        account=account,
        first=first,
        last=last,
        opening_fen=parse_yuan(opening),
        closing_fen=parse_yuan(closing),
    )
    identity: Identity = at.request.app.state.identity
    vault = CounterVault.of(identity.pepper, identity.field_keys)
    with tempfile.TemporaryFile() as file:
        digest = await _receive(at.request, file)
        return await at.write(
            lambda tx: statement_flow.take(
                tx,
                head,
                partial(entries_of, bank_format, file),
                digest=digest,
                vault=vault,
                caller=at.caller,
            ),
            shape=TakenStatementOut.of,
            key=head.key,
            status=201,
            digest=digest,
        )


def entries_of(name: str, file: IO[bytes]) -> Generator[StatementEntry, None, None]:
    """Read the entries of a file piece by piece, in any format.

    Raises:
        BankFileInvalid, BankFormatUnknown: it cannot be read.
    """
    file.seek(0)
    yield from formats.bank_format(name).stream_entries(file)


async def _receive(request: Request, file: IO[bytes]) -> bytes:
    digest = hashlib.sha256()
    async for piece in request.stream():
        digest.update(piece)
        file.write(piece)
    return digest.digest()


@router.get(
    "/v1/bank-statements",
    operation_id="list_bank_statements",
    summary="对账单列表 · List the days with a statement",
)
async def list_bank_statements(
    at: Reading,
    account: AccountQuery,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[BankStatementOut]:
    """List an account's days that have a statement, with both balances."""
    at.caller.require_district(CENTRE)
    filters = {"of": "bank_statements", "account": account, "from": first, "to": last}
    after = date.fromisoformat(read_cursor(cursor, filters, (str,))[0]) if cursor else None
    rows = await at.read(
        lambda tx: statement_flow.page(
            tx, account=account, first=first, last=last, after=after, limit=limit + 1
        )
    )
    rows, following = cut(rows, limit, lambda row: [row.day.isoformat()], filters)
    return Page[BankStatementOut].of([BankStatementOut.of_row(row) for row in rows], following)


@router.post(
    "/v1/reconciliations",
    operation_id="reconcile_account",
    summary="三方对账 · Match statement, list and books of an account",
    response_model=ReconciliationOut,
)
async def reconcile_account(
    body: ReconciliationIn, at: Annotated[Door, door(Right.RECONCILE)]
) -> Response:
    """Match an account's statement, list of receipts and books; differences become work items.

    It also runs by itself when something came in. A repeat finds the same items.
    """
    return await at.write(
        lambda tx: run_flow.run(tx, body.account, body.first, region=at.region),
        shape=ReconciliationOut.of,
        key=account_key(body.account),
    )
