"""Orders to banks: pain.008 for direct debits, pain.001 for payments."""

from __future__ import annotations

from xml.sax.saxutils import escape

from shared.bank_files.iso20022.schema import NAMESPACE, valid
from shared.bank_files.values import BankAccount, BankOrder, OrderFile, OrderKind, order_id
from shared.money import format_yuan

DEBIT_MESSAGE = "pain.008.001.08"
PAYMENT_MESSAGE = "pain.001.001.09"


def build_batch(file: OrderFile) -> bytes:
    """Build a file of orders; it passes its schema before it is handed out."""
    if file.kind is OrderKind.DEBIT:
        message, root, line, body = (
            DEBIT_MESSAGE,
            "CstmrDrctDbtInitn",
            "DrctDbtTxInf",
            _debits(file),
        )
    else:
        message, root, line, body = (
            PAYMENT_MESSAGE,
            "CstmrCdtTrfInitn",
            "CdtTrfTxInf",
            _payments(file),
        )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{NAMESPACE}{message}"><{root}>{_group(file)}{body}</{root}></Document>\n'
    ).encode()
    return valid(message, content, parent="PmtInf", line=line)


def _group(file: OrderFile) -> str:
    return (
        f"<GrpHdr><MsgId>{_mark(file.number, 35)}</MsgId>"
        f"<CreDtTm>{file.created_at.replace(tzinfo=None, microsecond=0).isoformat()}</CreDtTm>"
        f"{_totals(file)}<InitgPty>{_name(file.own)}"
        f"<Id><OrgId><Othr><Id>{_mark(file.own_id, 35)}</Id></Othr></OrgId></Id></InitgPty></GrpHdr>"
    )


def _debits(file: OrderFile) -> str:
    own = file.own
    lines = "\n".join(_debit(file.number, order) for order in file.orders)
    return (
        f"<PmtInf><PmtInfId>{_mark(file.number, 35)}</PmtInfId><PmtMtd>DD</PmtMtd>"
        f"<BtchBookg>false</BtchBookg>{_totals(file)}"
        f"<ReqdColltnDt>{file.due_on.isoformat()}</ReqdColltnDt>"
        f"<Cdtr>{_name(own)}</Cdtr><CdtrAcct>{_account(own)}<Ccy>CNY</Ccy></CdtrAcct>"
        f"<CdtrAgt>{_agent(own)}</CdtrAgt>\n{lines}</PmtInf>"
    )


def _debit(number: str, order: BankOrder) -> str:
    mandate = ""
    if order.mandate:
        signed = f"<DtOfSgntr>{order.signed_on.isoformat()}</DtOfSgntr>" if order.signed_on else ""
        mandate = (
            f"<DrctDbtTx><MndtRltdInf><MndtId>{_mark(order.mandate, 35)}</MndtId>{signed}"
            "</MndtRltdInf></DrctDbtTx>"
        )
    payer = order.account
    return (
        f"<DrctDbtTxInf><PmtId><EndToEndId>{_mark(order_id(number, order.line_no), 35)}</EndToEndId>"
        f'</PmtId><InstdAmt Ccy="CNY">{format_yuan(order.amount_fen)}</InstdAmt>{mandate}'
        f"<DbtrAgt>{_agent(payer)}</DbtrAgt><Dbtr>{_name(payer)}</Dbtr>"
        f"<DbtrAcct>{_account(payer)}</DbtrAcct>{_purpose(order)}</DrctDbtTxInf>"
    )


def _payments(file: OrderFile) -> str:
    own = file.own
    lines = "\n".join(_payment(file.number, order) for order in file.orders)
    return (
        f"<PmtInf><PmtInfId>{_mark(file.number, 35)}</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<BtchBookg>false</BtchBookg>{_totals(file)}"
        f"<ReqdExctnDt><Dt>{file.due_on.isoformat()}</Dt></ReqdExctnDt>"
        f"<Dbtr>{_name(own)}</Dbtr><DbtrAcct>{_account(own)}<Ccy>CNY</Ccy></DbtrAcct>"
        f"<DbtrAgt>{_agent(own)}</DbtrAgt>\n{lines}</PmtInf>"
    )


def _payment(number: str, order: BankOrder) -> str:
    payee = order.account
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>{_mark(order_id(number, order.line_no), 35)}</EndToEndId>"
        f'</PmtId><Amt><InstdAmt Ccy="CNY">{format_yuan(order.amount_fen)}</InstdAmt></Amt>'
        f"<CdtrAgt>{_agent(payee)}</CdtrAgt><Cdtr>{_name(payee)}</Cdtr>"
        f"<CdtrAcct>{_account(payee)}</CdtrAcct>{_purpose(order)}</CdtTrfTxInf>"
    )


def _totals(file: OrderFile) -> str:
    return f"<NbOfTxs>{len(file.orders)}</NbOfTxs><CtrlSum>{format_yuan(file.total_fen)}</CtrlSum>"


def _name(account: BankAccount) -> str:
    return f"<Nm>{_text(account.name, 140)}</Nm>"


def _account(account: BankAccount) -> str:
    """Write an account under `Othr`: Chinese accounts have no IBAN."""
    return f"<Id><Othr><Id>{_mark(account.number, 34)}</Id></Othr></Id>"


def _agent(account: BankAccount) -> str:
    code = ""
    if account.bank_code:
        code = f"<ClrSysMmbId><MmbId>{_mark(account.bank_code, 35)}</MmbId></ClrSysMmbId>"
    name = f"<Nm>{_text(account.bank, 140)}</Nm>" if account.bank else ""
    other = "" if code or name else "<Othr><Id>NOTPROVIDED</Id></Othr>"
    return f"<FinInstnId>{code}{name}{other}</FinInstnId>"


def _purpose(order: BankOrder) -> str:
    return f"<RmtInf><Ustrd>{_text(order.purpose, 140)}</Ustrd></RmtInf>" if order.purpose else ""


def _text(text: str, limit: int) -> str:
    """Write a name or a purpose; what a message has no room for is cut off."""
    return escape("".join(one for one in text if one.isprintable())[:limit])


def _mark(text: str, limit: int) -> str:
    """Write a number or an identifier, which is never cut."""
    assert 0 < len(text) <= limit, "an identifier that the message has room for"
    assert text.isprintable()
    return escape(text)
