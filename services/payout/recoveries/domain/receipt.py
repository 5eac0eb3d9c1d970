"""Money that came back (退款到账): once by the bank's serial, matched to a case by its notice number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.recoveries.domain.case import NOTICE_PREFIX
from shared.errors import Fault, Kind, Refusal
from shared.ids import key_of

_NOTICE: Final = re.compile(rf"{NOTICE_PREFIX}[0-9]{{8}}[0-9A-F]{{12}}")


class ReceiptSource(StrEnum):
    """Sources of a receipt."""

    BANK = "bank"
    ENTERED = "entered"


class ReceiptOutcome(StrEnum):
    """Outcomes of a receipt that the bank reported."""

    APPLIED = "applied"  # 已冲减案件
    WAITING = "waiting"  # 待人工认领
    REPLAYED = "replayed"  # 先前已报
    DIFFERS = "differs"  # 流水号已登记且内容不同,未入账


class ReceiptDiffers(Refusal):
    """该银行流水号已登记且内容不同 (this bank serial is recorded with other content)"""

    kind = Kind.CONFLICT
    code = "RECOVERY_RECEIPT_DIFFERS"


class ReceiptUsed(Refusal):
    """该笔到账的余额不足 (less of this receipt is left)"""

    kind = Kind.CONFLICT
    code = "RECOVERY_RECEIPT_USED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryReceipt:
    """A receipt. The payer is sealed; `used_fen` is applied to cases, or about to be."""

    bank_serial: str
    amount_fen: int
    value_date: date
    payer: bytes
    notice_no: str | None
    source: ReceiptSource
    entered_by: str
    used_fen: int = 0

    @property
    def key(self) -> int:
        """The shard key."""
        return receipt_key(self.bank_serial)

    @property
    def is_unused_entry(self) -> bool:
        """True for what a person entered and no case has taken: the bank knows better."""
        return self.source is ReceiptSource.ENTERED and not self.used_fen

    def says_as(self, other: RecoveryReceipt) -> bool:
        """Tell whether another receipt of the serial has the same amount and day."""
        return (self.amount_fen, self.value_date) == (other.amount_fen, other.value_date)

    @property
    def left_fen(self) -> int:
        """The amount that no case has taken."""
        return self.amount_fen - self.used_fen


def receipt_key(bank_serial: str) -> int:
    """Compute the shard key of a bank serial."""
    return key_of("recovery_receipt", bank_serial)


def notice_in(text: str) -> str | None:
    """Find the number of a notice in the payer's words; width, case and blanks do not matter."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    found = _NOTICE.search(plain)
    return found.group() if found else None


def future_faults(receipts: Iterable[RecoveryReceipt], today: date) -> list[Fault]:
    """Find receipts that arrive after today."""
    return [
        Fault(
            f"/receipts/{index}/value_date",
            "DATE_IN_FUTURE",
            "日期晚于今天 (the date is later than today)",
        )
        for index, receipt in enumerate(receipts)
        if receipt.value_date > today
    ]
