"""Statements are taken whole, once, and only where their balances continue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from services.collection.app import build
from services.collection.reconciliation.domain.statement import account_key
from tests.collection.reconciliation.reckoning import TREASURY, Desk
from tests.collection.support.money import connect, fetch, state
from tests.conftest import Bearer, ClientOf, SettingsFor

NUMBER = "6222020302001234567"
FORGED = uuid4()


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Desk]:
    async with client_of(build(settings_for())) as client:
        yield Desk(client, bearer, database_url)


async def test_a_file_is_taken_once_and_its_accounts_are_sealed(
    desk: Desk, database_url: str
) -> None:
    entries = [("2021-07-20", 500, "A1", NUMBER), ("2021-07-21", -200, "A2")]
    first = await desk.upload(entries, "2021-07-20", "2021-07-22")
    assert first.status_code == 201, first.text
    assert [one["closing"] for one in first.json()["days"]] == ["5.00", "3.00", "3.00"]
    desk.balance_fen = 0
    again = await desk.upload(entries, "2021-07-20", "2021-07-22")
    desk.balance_fen = 300
    assert again.json() == first.json() | {"replayed": True}
    rows = await fetch(
        database_url,
        "SELECT line_no, counter_account, counter_mark FROM bank_statement_line ORDER BY day",
    )
    assert [row["line_no"] for row in rows] == [1, 1]
    assert NUMBER.encode() not in bytes(rows[0]["counter_account"])
    assert rows[0]["counter_mark"] is not None
    assert rows[1]["counter_account"] is None
    listed = await desk.api.get(
        "/v1/bank-statements",
        params={"account": TREASURY, "limit": 2},
        headers=desk.bearer("supervisor"),
    )
    assert [one["day"] for one in listed.json()["items"]] == ["2021-07-20", "2021-07-21"]


async def test_what_does_not_continue_is_refused_whole(desk: Desk, database_url: str) -> None:
    before = await fetch(database_url, "SELECT * FROM bank_statement_line ORDER BY 1, 2, 3")
    for other, entries, code in (
        (
            {"opening": "9.00", "closing": "10.00"},
            [("2021-07-23", 100, "B")],
            "BALANCE_CHAIN_BROKEN",
        ),
        ({"closing": "9.00"}, [("2021-07-23", 100, "B")], "STATEMENT_UNBALANCED"),
        ({"closing": "5.00"}, [("2021-07-24", 200, "B")], "VALIDATION_FAILED"),
        (
            {"first": "2021-07-22", "closing": "4.00"},
            [("2021-07-23", 100, "B")],
            "STATEMENT_DIFFERS",
        ),
        ({"account": "medical_deposit"}, [("2021-07-23", 100, "B")], "VALIDATION_FAILED"),
        ({"last": "2021-07-22"}, [], "VALIDATION_FAILED"),
    ):
        answer = await desk.upload(entries, "2021-07-23", **other)
        assert answer.json()["code"] == code, answer.text
    answer = await desk.api.post(
        "/v1/bank-statements",
        params={
            "account": TREASURY,
            "first": "2021-07-23",
            "last": "2021-07-23",
            "opening": "3.00",
            "closing": "3.00",
        },
        content=b"booked_on,amount,serial\n2021-07-23,1.234,S1\n",
        headers=desk.bearer("centre_cashier") | {"Content-Type": "text/csv"},
    )
    assert answer.json()["errors"][0]["pointer"] == "line/1/amount"
    after = await fetch(database_url, "SELECT * FROM bank_statement_line ORDER BY 1, 2, 3")
    assert after == before
    assert await state(database_url)


async def test_two_people_set_of_which_accounts_statements_are_expected(
    desk: Desk, database_url: str
) -> None:
    body = {"account": TREASURY, "expected_from": "2021-07-01", "note": "国库每日提供"}
    path = "/v1/statement-accounts"
    filed = await desk.api.post(path, json=body, headers=desk.bearer("fund_accountant"))
    assert (filed.status_code, filed.json()["status"]) == (201, "filed")
    again = await desk.api.post(path, json=body, headers=desk.bearer("fund_accountant"))
    assert (again.status_code, again.json()["code"]) == (409, "SIGNED_CHANGE_WAITS")
    found = (await desk.api.get(path, headers=desk.bearer("supervisor"))).json()
    assert (found["items"], [one["id"] for one in found["waiting"]]) == ([], [filed.json()["id"]])
    change = f"/v1/statement-account-changes/{filed.json()['id']}"
    for one, code in (
        (desk.bearer("fund_accountant"), "FORBIDDEN"),
        (desk.bearer("department_head", subject="Fund_Accountant"), "SAME_PERSON_TWICE"),
    ):
        refused = await desk.api.post(f"{change}/approvals", headers=one)
        assert refused.json()["code"] == code, refused.text
    head = desk.bearer("department_head")
    refused = await desk.api.post(f"{change}/refusals", json={"why": "日期不对"}, headers=head)
    assert refused.json()["status"] == "refused"
    decided = await desk.api.post(f"{change}/approvals", headers=head)
    assert (decided.status_code, decided.json()["code"]) == (409, "SIGNED_CHANGE_DECIDED")

    await desk.expect(expected_from="2021-07-01")
    await desk.expect(expected_from="2021-09-01", arrives_within=3)
    await desk.expect(expected_from="2021-08-01")
    found = (await desk.api.get(path, headers=desk.bearer("supervisor"))).json()
    assert [(one["expected_from"], one["expected_to"]) for one in found["items"]] == [
        ("2021-07-01", "2021-07-31"),
        ("2021-08-01", "2021-08-31"),
        ("2021-09-01", None),
    ]
    backward = body | {"expected_to": "2021-06-30"}
    wrong = await desk.api.post(path, json=backward, headers=desk.bearer("fund_accountant"))
    assert wrong.status_code == 422


async def test_the_database_writes_no_setting_that_two_people_did_not_sign(
    desk: Desk, database_url: str
) -> None:
    db = await connect(database_url)
    try:
        await db.execute("SET ROLE wuxian_collection")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute("UPDATE statement_account SET expected_to = '2021-07-02'")
        key = account_key(TREASURY)
        await db.execute(
            "INSERT INTO signed_change (shard_key, id, subject, target, content, reason, status,"
            " filed_by, filed_at) VALUES ($1, $2, 'statement_account', $3, '{}', '', 'filed', 'li',"
            " now())",
            *(key, FORGED, TREASURY),
        )
        await db.execute(
            "UPDATE signed_change SET status = 'approved', decided_by = 'wang', decided_at = now()"
            " WHERE id = $1",
            FORGED,
        )
        with pytest.raises(asyncpg.CheckViolationError):
            await db.execute("SELECT write_statement_account($1, $2)", key, FORGED)
    finally:
        await db.close()


CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2021-07-29T08:00:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id><Acct><Id><Othr><Id>income</Id></Othr></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">0.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2021-07-28</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">7.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2021-07-28</Dt></Dt></Bal>
<Ntry><Amt Ccy="CNY">7.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2021-07-28</Dt></BookgDt><AcctSvcrRef>C1</AcctSvcrRef>
<BkTxCd><Prtry><Cd>COLL</Cd></Prtry></BkTxCd></Ntry></Stmt></BkToCstmrStmt></Document>"""
JSON = (
    '{"entries": [{"account": "income", "booked_on": "2021-07-29", "amount": "-2.00",'
    ' "serial": "J1", "counter_name": "某公司"}]}'
)


GBK = """<?xml version="1.0" encoding="GB18030"?><CMS><eb><pub/><out><AccNo>income</AccNo>
<OpenBal>500</OpenBal><CloseBal>600</CloseBal><rd><BankDate>20210730</BankDate><Drcrf>2</Drcrf>
<Amt>100</Amt><SerialNo>G1</SerialNo><OppAccName>市一厂</OppAccName></rd></out></eb></CMS>"""


async def test_other_formats_are_taken_at_the_same_door(desk: Desk, database_url: str) -> None:
    files = (
        ("iso20022", "application/xml", CAMT, "2021-07-28", "0.00", "7.00"),
        ("json", "application/json", JSON, "2021-07-29", "7.00", "5.00"),
        ("gbk_xml:icbc", "application/xml", GBK, "2021-07-30", "5.00", "6.00"),
    )
    for name, media_type, content, day, opening, closing in files:
        answer = await desk.api.post(
            "/v1/bank-statements",
            params={
                "account": "income_deposit",
                "first": day,
                "last": day,
                "opening": opening,
                "closing": closing,
                "format": name,
            },
            content=content.encode("gb18030" if content is GBK else "utf-8"),
            headers=desk.bearer("bank_gateway") | {"Content-Type": media_type},
        )
        assert answer.status_code == 201, answer.text
    rows = await fetch(
        database_url,
        "SELECT serial, amount_fen FROM bank_statement_line"
        " WHERE serial IN ('C1', 'G1', 'J1') ORDER BY serial",
    )
    assert [tuple(row.values()) for row in rows] == [("C1", 700), ("G1", 100), ("J1", -200)]
    unknown = await desk.upload([], "2021-07-30", format="telex")
    assert unknown.json()["code"] == "BANK_FORMAT_UNKNOWN"
