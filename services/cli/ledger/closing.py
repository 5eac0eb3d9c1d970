"""`wuxian ledger close`: ask collection and payout what they have, and close a day, month or year.

The ledger asks nobody; whoever closes brings both services' word. This command does the bringing: one
person proposes, another approves with `--approve`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from services.cli.common import AsJson, ask, err, fail, out, print_json, print_table, settings_with

Token = Annotated[
    str, typer.Option(envvar="WUXIAN_TOKEN", help="Yours: of the fund accountant, or to approve.")
]
_PAPERS = 20
"""Papers shown of each item."""
_PATIENCE = 1800.0
"""Seconds that a service may take to add up all years."""


class ClosingLevel(StrEnum):
    """The level of a closing."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


def close(
    level: ClosingLevel,
    period: Annotated[str, typer.Argument(help="2021-07-31, 2021-07 or 2021.")],
    token: Token,
    check: Annotated[
        bool, typer.Option("--check", help="Show the totals, propose nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Propose to close: with what collection and payout say at the end of that day."""
    from services.ledger.rules.domain.closing_rule import Level, last_day
    from shared.errors import Refusal

    try:
        day = last_day(Level(level.value), period)
    except Refusal:
        fail(f"{period} is no {level.value}: 2021-07-31, 2021-07 or 2021")
    control = control_of(day.isoformat(), token)
    if not as_json:
        _show(day.isoformat(), control["funds"])
        _show_three(day.isoformat(), control["funds"], books_of(day.isoformat(), token), token)
    if check:
        if as_json:
            print_json(control)
        return
    body = {"level": level.value, "period": period, "control": control}
    paper = ask("POST", settings_with().ledger_url, "/v1/closings", token, body)
    if as_json:
        print_json(paper)
        return
    message = f"{paper['period']}: {paper['status']}; another person: wuxian ledger close-approve {paper['id']} --token …"
    out.print(message, highlight=False, markup=False, soft_wrap=True)


def approve(paper: str, token: Token, as_json: AsJson = False) -> None:
    """Approve a closing or reopening that somebody else proposed, and do it."""
    path = f"/v1/closings/{paper}/approvals"
    done = ask("POST", settings_with().ledger_url, path, token, {})
    if as_json:
        print_json(done)
        return
    message = (
        f"{done['action']} {done['period']}: {done['status']}, closed until {done['closed_until']}"
    )
    out.print(message, highlight=False, markup=False)


def control_of(day: str, token: str) -> dict[str, Any]:
    """Read both services' control totals at the end of a day, as a closing takes them."""
    settings = settings_with()
    path = f"/v1/closing-control?as_of={day}"
    from shared.wire.closing import merged

    collection = ask("GET", settings.collection_url, path, token, seconds=_PATIENCE)
    payout = ask("GET", settings.payout_url, path, token, seconds=_PATIENCE)
    return merged(collection, payout)


def books_of(day: str, token: str) -> dict[str, Any]:
    """The books' totals at the end of a day and at the opening of its month: fund → item → amount."""
    found = ask("GET", settings_with().ledger_url, f"/v1/closing-totals?as_of={day}", token)
    return {"funds": found["funds"], "opening": found["opening"]}


def _show_three(day: str, funds: dict[str, Any], books: dict[str, Any], token: str) -> None:
    """Show business, books and statistics of every item and fund, and the papers that differ."""
    from shared.money import format_yuan
    from shared.wire.three_totals import three_totals

    totals = [one for one in three_totals(funds, books) if one.is_reported]
    rows = [
        (
            one.fund,
            one.item,
            "月初 opening" if one.is_opening else "本月 month",
            *(format_yuan(fen) for fen in one.sums),
            format_yuan(one.apart_fen) if one.apart_fen else "",
        )
        for one in totals
    ]
    titles = (
        "基金 fund",
        "项目 item",
        "时段",
        "业务 business",
        "账簿 books",
        "统计 statistics",
        "差额 difference",
    )
    print_table(f"三数核对 three totals {day}", titles, rows)
    differing = sorted({(one.fund, one.item) for one in totals if one.apart_fen})
    if differing:
        _show_papers(day, differing, token)


def _show_papers(day: str, differing: list[tuple[str, str]], token: str) -> None:
    """Show the papers on which business and statistics differ, now or at the opening of the month."""
    from datetime import date

    from shared.wire.control_item import OF_PAYOUT, opening_of

    settings, rows = settings_with(), []
    for fund, item in differing:
        base = settings.payout_url if item in OF_PAYOUT else settings.collection_url
        for as_of in (opening_of(date.fromisoformat(day)).isoformat(), day):
            query = f"item={item}&fund={fund}&as_of={as_of}&limit={_PAPERS}"
            path = f"/v1/closing-control/papers?{query}"
            found = ask("GET", base, path, token, seconds=_PATIENCE)["items"]
            rows += [
                (one["paper"], fund, item, as_of, one["business"], one["statistics"])
                for one in found
            ]
    titles: tuple[str, ...] = ("单据 paper", "基金 fund", "项目 item", "截至 as of", "业务", "统计")
    print_table("差异单据 papers behind the differences", titles, rows)
    by_hand = []
    for fund, item in differing:
        path = f"/v1/closing-totals/papers?item={item}&fund={fund}&as_of={day}&limit={_PAPERS}"
        found = ask("GET", settings.ledger_url, path, token)["items"]
        by_hand += [(one["voucher"], fund, item, one["source"], one["summary"]) for one in found]
    if by_hand:
        titles = ("凭证 voucher", "基金 fund", "项目 item", "经办 by", "摘要")
        print_table("手工凭证 vouchers by hand", titles, by_hand)
    if not rows and not by_hand:
        out.print(
            "业务与统计一致,账簿不同:查未送达与被拒消息 wuxian refused (business and statistics agree,"
            " the books differ: see undelivered and refused messages)",
            highlight=False,
            soft_wrap=True,
        )


def _show(day: str, funds: dict[str, Any]) -> None:
    from shared.wire.closing import PERSONAL_REASONS

    rows = [
        (
            fund,
            one["receivable"],
            one["collected"],
            one.get("benefits", "0.00"),
            one.get("personal", {}).get("credited", "0.00"),
            *(one.get("personal", {}).get(why, "0.00") for why in PERSONAL_REASONS),
        )
        for fund, one in funds.items()
    ]
    columns = (
        "基金 fund",
        "应收 receivable",
        "实征 collected",
        "待遇 benefits",
        "个人账户 credited",
        "未足额",
        "在途",
        "贷项",
        "核定",
    )
    print_table(f"结账控制总数 {day}", columns, rows)
    if not rows:
        err.print("nothing was levied or paid by then", highlight=False)
