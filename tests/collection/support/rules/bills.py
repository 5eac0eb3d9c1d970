"""Audited declarations and their bills in memory, for tests of the rules of billing."""

from datetime import date
from uuid import UUID

from services.collection.billing.domain.bill import (
    AuditedDeclaration,
    BillDraft,
    BillItem,
    net_items,
)

ID = UUID("01900000-0000-7000-8000-000000000001")


def audited(*lines: BillItem) -> AuditedDeclaration:
    return AuditedDeclaration(
        unit_id=1,
        declaration_id=ID,
        round=1,
        credit_code="91120101MA05K0TH17",
        district="heping",
        period="2021-07",
        policy_id=ID,
        collector="bank_debit",
        total_fen=sum(line.amount_fen for line in lines),
        lines=lines,
    )


def a_bill(paper: AuditedDeclaration) -> BillDraft:
    return BillDraft(
        id=ID,
        declaration=paper,
        issued_on=date(2021, 8, 12),
        due_on=date(2021, 8, 25),
        due_estimated=False,
        lines=net_items(paper.lines),
    )


def levied(insurance: str, party: str, fund: str, amount_fen: int) -> BillItem:
    return BillItem(
        insurance=insurance, party=party, account="pooled", fund=fund, amount_fen=amount_fen
    )


MEDICAL = levied("medical", "unit", "medical", 1000_00)
MATERNITY = levied("maternity", "unit", "medical", 50_00)
PENSION = levied("pension", "unit", "pension", 1600_00)
