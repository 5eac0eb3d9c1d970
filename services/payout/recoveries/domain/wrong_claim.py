"""Paid claims that were found wrong: the amount of each line that is to come back, typed with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.payout.benefits.domain import ACCOUNT_KINDS
from services.payout.recoveries.domain.case import CaseLine
from shared.entry import Account, is_benefit
from shared.errors import Fault, NotFound
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period

PENSION_RUN: Final = "pension_run"


class ClaimToRecoverUnknown(NotFound):
    """无此申请 (no such claim)"""

    code = "CLAIM_UNKNOWN"


@dataclass(frozen=True, slots=True)
class WrongAmount:
    """A line of a claim as submitted, and the amount that is to come back."""

    line_no: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidClaim:
    """The head of a claim, as far as a case needs it.

    `settled_year` is the year in which the books have what its advances paid.
    """

    ref: Ref
    kind: str
    district: str
    period: Period
    fund: str
    account: str
    settled_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidClaimLine:
    """A line of a claim. `paid_year` is None while the bank has not paid it, or it came back.

    `deducted_fen` is what advances paid of it, beside `amount_fen`. `settled_fen` is what later
    claims deducted of an advance.
    """

    line_no: int
    amount_fen: int
    covered_fen: int
    deducted_fen: int = 0
    settled_fen: int = 0
    paid_year: int | None
    is_double: bool
    sealed_number: bytes | None
    name: bytes

    @property
    def by_bank_fen(self) -> int:
        """The amount that the bank has paid and that did not come back."""
        return self.amount_fen if self.paid_year is not None else 0

    @property
    def left_fen(self) -> int:
        """The amount that a case can still cover."""
        return self.by_bank_fen + self.deducted_fen - self.settled_fen - self.covered_fen


def wrong_faults(
    claim: PaidClaim, wrong: Sequence[WrongAmount], lines: Mapping[int, PaidClaimLine]
) -> list[Fault]:
    """Find every fault in the amounts that are to come back."""
    faults = []
    is_paid = is_benefit(claim.account) or claim.account == Account.TEMPORARY_PAYMENT
    if not is_paid or claim.kind in ACCOUNT_KINDS:
        # Money of a personal account belongs to its owner, wherever it comes back to.
        message = "该申请不是待遇支出 (the claim is no expense for a benefit)"
        faults.append(Fault("/claim", "CLAIM_NOT_BENEFIT", message))
    seen: set[int] = set()
    for index, one in enumerate(wrong):
        pointer = f"/lines/{index}/line"
        line = lines.get(one.line_no)
        if one.line_no in seen:
            faults.append(Fault(pointer, "LINE_REPEATED", "重复列出 (listed twice)"))
        elif line is None:
            faults.append(Fault(pointer, "LINE_UNKNOWN", "无此笔 (the claim has no such line)"))
        elif claim.kind == PENSION_RUN and not line.is_double:
            message = "月度养老金按多付立案 (months of pensions: POST /v1/recovery-cases)"
            faults.append(Fault(pointer, "LINE_OF_A_RUN", message))
        elif not line.by_bank_fen and not line.deducted_fen:
            message = "尚未支付或已退回 (not paid by the bank, or come back)"
            faults.append(Fault(pointer, "LINE_NOT_PAID", message))
        elif one.amount_fen > line.left_fen:
            left = format_yuan(line.left_fen)
            message = (
                f"超过该笔可追回金额 {left} (more than {left}, what is neither covered nor settled)"
            )
            faults.append(Fault(f"/lines/{index}/amount", "RECOVERY_TOO_LARGE", message))
        seen.add(one.line_no)
    return faults


def case_lines(
    claim: PaidClaim, wrong: Sequence[WrongAmount], lines: Mapping[int, PaidClaimLine]
) -> list[CaseLine]:
    """Build the lines of a case from faultless amounts: first what the bank paid, then the rest."""
    built: list[CaseLine] = []
    for one in wrong:
        paid = lines[one.line_no]
        by_bank_fen = min(one.amount_fen, max(paid.by_bank_fen - paid.covered_fen, 0))
        for deducted, year, amount_fen in (
            (False, paid.paid_year, by_bank_fen),
            (True, claim.settled_year, one.amount_fen - by_bank_fen),
        ):
            if not amount_fen:
                continue
            assert year is not None
            built.append(
                CaseLine(
                    line_no=len(built) + 1,
                    period=claim.period,
                    claim=claim.ref,
                    claim_line_no=one.line_no,
                    district=claim.district,
                    account=claim.account,
                    paid_year=year,
                    amount_fen=amount_fen,
                    deducted=deducted,
                )
            )
    return built
