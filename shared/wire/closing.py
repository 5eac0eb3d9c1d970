"""Control totals of collection and payout for a closing of the books (结账控制总数).

Each reports its totals by fund as of a day, with a hash of them: business from its own rows,
statistics from the facts behind them (三个分开: business, books and statistics are kept apart and must
agree). The person who
proposes a closing passes both on to the ledger, which asks no other service: the hash shows that no
number was lost, mistyped or taken from another day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from shared.schema import Out, YuanOut
from shared.wire.control_item import ControlItem, ItemTotals

COLLECTION: Final = "collection"
PAYOUT: Final = "payout"
PERSONAL_REASONS: Final = ("part_paid", "in_delivery", "standing_credits", "unnamed")
"""Reasons why collection has received more for personal accounts than it has credited."""
PERSONAL: Final = ("received", "credited", *PERSONAL_REASONS)
"""Members of collection's totals of personal accounts."""

ControlHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class FundDaysOut(Out):
    """The days on which a fund takes entries; without `in_force_to` it still does."""

    fund: str = Field(examples=["pension"])
    in_force_from: date
    in_force_to: date | None


class BookDaysOut(Out):
    """The days that the books take entries on. A day up to `closed_until` is closed."""

    closed_until: date | None
    first_open_day: date = Field(examples=["2021-08-01"])
    chart_from: date = Field(
        description="会计科目表首日,此前之日不得记账 (the first day of the chart of accounts)",
        examples=["1999-07-01"],
    )
    funds: list[FundDaysOut]


class BothTotalsOut(Out):
    """A total that is added up twice, from two sources."""

    business: YuanOut = Field(description="业务数 (from the rows that business works with)")
    statistics: YuanOut = Field(description="统计数 (from the facts behind them)")


class ItemTotalsOut(BothTotalsOut):
    """One item of a fund at the end of a day, over all periods, and at the opening of its month.

    The difference is what the month moved.
    """

    opening: BothTotalsOut = Field(
        description="月初数:上月末止 (at the end of the month before the day's)"
    )

    @classmethod
    def of(cls, totals: ItemTotals) -> ItemTotalsOut:
        """Build the answer."""
        return cls(
            business=totals.business_fen,
            statistics=totals.statistics_fen,
            opening=BothTotalsOut(
                business=totals.opening_business_fen, statistics=totals.opening_statistics_fen
            ),
        )


class PersonalControlOut(Out):
    """The difference between receipts for personal accounts and credits to persons, explained."""

    received: YuanOut = Field(description="到账:缴费单个人账户部分 (settled, on bills' lines)")
    credited: YuanOut = Field(description="已划入个人 (credited to persons)")
    part_paid: YuanOut = Field(description="未足额缴费单已到账部分 (of bills paid in part)")
    in_delivery: YuanOut = Field(description="已足额、划入在途 (settled, on their way)")
    standing_credits: YuanOut = Field(description="未抵用贷项 (credits not used yet)")
    unnamed: YuanOut = Field(
        description="核定征收、尚无人员明细 (default levies without a list of people)"
    )


class CollectionFundControlOut(Out):
    """Collection's totals of a fund, over all periods, charges included."""

    receivable: YuanOut
    collected: YuanOut
    personal: PersonalControlOut
    items: dict[ControlItem, ItemTotalsOut] = Field(
        default={}, description="业务数与统计数 (business and statistics by item)"
    )


class ReconciliationControlOut(Out):
    """Open differences of an account, days without a statement, and days that are not matched yet."""

    account: str = Field(examples=["treasury_deposit"])
    open_items: int = Field(description="未处理的对账差异 (differences that nobody has settled)")
    missing_days: int = Field(description="缺对账单的天数 (days of the month without a statement)")
    unmatched_days: int = Field(
        description="尚未对账的天数 (days to which something came in since the last match)"
    )


class CollectionControlOut(Out):
    """Collection's control totals at the end of a day."""

    as_of: date
    funds: dict[str, CollectionFundControlOut]
    reconciliation: list[ReconciliationControlOut] = Field(
        default=[],
        description="对账情况,应收对账单的账户 (accounts that statements are expected of)",
    )
    hash: str


class PayoutFundControlOut(Out):
    """Payout's totals of a fund."""

    benefits: YuanOut = Field(description="已支付待遇,减当年退回 (paid, less returned in its year)")
    items: dict[ControlItem, ItemTotalsOut] = Field(
        default={}, description="业务数与统计数 (business and statistics by item)"
    )


class PayoutControlOut(Out):
    """Payout's control totals at the end of a day."""

    as_of: date
    funds: dict[str, PayoutFundControlOut]
    hash: str


class ControlPaperOut(Out):
    """A paper on which business and statistics differ."""

    paper: str = Field(description="单据编号 (the paper's id)")
    fund: str
    period: str
    business: YuanOut
    statistics: YuanOut
    difference: YuanOut


def hashed_items(totals: Mapping[ControlItem, ItemTotals]) -> dict[str, int]:
    """Return the members that items add to a hash: business, statistics, and both at the opening."""
    return {
        f"{item}.{source}": fen
        for item, one in totals.items()
        for source, fen in (
            ("business", one.business_fen),
            ("statistics", one.statistics_fen),
            ("opening.business", one.opening_business_fen),
            ("opening.statistics", one.opening_statistics_fen),
        )
    }


def hashed_reconciliation(
    accounts: Iterable[tuple[str, int, int, int]],
) -> dict[str, dict[str, int]]:
    """Return what reconciliation adds to a hash: account → its counts. An account in order adds nothing.

    Args:
        accounts: (account, open items, missing days, unmatched days) of each.
    """
    return {
        f"reconciliation:{account}": {"open": items, "missing": missing, "unmatched": unmatched}
        for account, items, missing, unmatched in accounts
    }


def control_hash(service: str, as_of: date, funds: Mapping[str, Mapping[str, int]]) -> str:
    """SHA-256 over what one service says: fund → member → fen. Zeros do not count."""
    lines = [
        f"{fund} {member} {fen}"
        for fund, members in sorted(funds.items())
        for member, fen in sorted(members.items())
        if fen
    ]
    return hashlib.sha256("\n".join([f"{service} {as_of}", *lines]).encode()).hexdigest()


def merged(collection: Mapping[str, Any], payout: Mapping[str, Any]) -> dict[str, Any]:
    """Merge both services' answers into the control that a closing takes."""
    nothing: dict[str, Any] = {"receivable": "0.00", "collected": "0.00"}
    funds = {}
    for fund in sorted({*collection["funds"], *payout["funds"]}):
        answers = collection["funds"].get(fund, {}), payout["funds"].get(fund, {})
        items = answers[0].get("items", {}) | answers[1].get("items", {})
        funds[fund] = nothing | answers[0] | answers[1] | {"items": items}
    return {
        "funds": funds,
        "reconciliation": collection.get("reconciliation", []),
        "hashes": {"collection": collection["hash"], "payout": payout["hash"]},
    }
