"""Proposals of whose money a receipt in suspense is (认领建议), the surest ground first. Pure.

A proposal matches nothing: a person confirms it as a match. The payer account of a confirmed match
is learned, and is a ground for the next proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.cn.credit_code import is_valid
from shared.errors import Refusal
from shared.ids import Ref
from shared.references import Reference

_BILL: Final = re.compile(rf"{Reference.BILL}_[0-7][0-9a-f]{{47}}")
_CODE: Final = re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NP-RTUWXY]{18}(?![0-9A-Z])")


class ProposalGround(StrEnum):
    """Grounds of a proposal, from the surest to the weakest."""

    BILL = "bill"  # 附言载明通知单
    CREDIT_CODE = "credit_code"  # 附言载明统一社会信用代码
    PAYER_ACCOUNT = "payer_account"  # 付款账户
    UNIT_AMOUNT = "unit_amount"  # 单位、金额相符
    AMOUNT = "amount"  # 金额相符


_ORDER: Final = list(ProposalGround)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBill:
    """A bill with an open amount (fen), and the ground on which it was found."""

    ground: ProposalGround
    unit_id: int
    credit_code: str
    bill_id: UUID
    period: str
    open_fen: int


def bills_in(texts: Iterable[str]) -> list[Ref]:
    """Find the references of bills in what the payer wrote."""
    found = []
    for text in texts:
        for match in _BILL.findall(text):
            try:
                found.append(Ref.parse(Reference.BILL, match))
            except Refusal:
                continue
    return found


def codes_in(texts: Iterable[str]) -> list[str]:
    """Find the credit codes, with a right check character, in what the payer wrote."""
    return [code for text in texts for code in _CODE.findall(text.upper()) if is_valid(code)]


def ranked(found: Iterable[OpenBill], amount_fen: int) -> Sequence[OpenBill]:
    """Order proposals by ground, then those whose open amount is the receipt's; each bill once."""
    best: dict[UUID, OpenBill] = {}
    for one in found:
        before = best.get(one.bill_id)
        if before is None or _ORDER.index(one.ground) < _ORDER.index(before.ground):
            best[one.bill_id] = one
    return sorted(
        best.values(),
        key=lambda one: (
            _ORDER.index(one.ground),
            one.open_fen != amount_fen,
            one.period,
            one.bill_id,
        ),
    )
