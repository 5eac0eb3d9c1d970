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
_REASONS = ("part_paid", "in_delivery", "standing_credits", "unnamed")


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
    """Propose to close: with what collection and payout say at the end of that day (结账)."""
    from services.ledger.rules.domain.closing_rule import Level, last_day
    from shared.errors import Refusal

    try:
        day = last_day(Level(level.value), period)
    except Refusal:
        fail(f"{period} is no {level.value}: 2021-07-31, 2021-07 or 2021")
    control = control_of(day.isoformat(), token)
    if not as_json:
        _show(day.isoformat(), control["funds"])
        _show_three(day.isoformat(), control["funds"], books_of(day.isoformat(), token))
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
    """Both services' control totals at the end of a day, as a closing takes them."""
    settings = settings_with()
    path = f"/v1/closing-control?as_of={day}"
    from shared.wire.closing import merged

    collection = ask("GET", settings.collection_url, path, token)
    payout = ask("GET", settings.payout_url, path, token)
    return merged(collection, payout)


def books_of(day: str, token: str) -> dict[str, dict[str, str]]:
    """Return fund → item → the books' total at the end of a day."""
    path = f"/v1/closing-totals?as_of={day}"
    found = ask("GET", settings_with().ledger_url, path, token)
    return {fund: dict(items) for fund, items in found["funds"].items()}


def _show_three(day: str, funds: dict[str, Any], books: dict[str, dict[str, str]]) -> None:
    """Show business, books and statistics of every item and fund, and whether they differ."""
    from shared.money import format_yuan, parse_yuan

    rows = []
    for fund in sorted({*funds, *books}):
        reported, booked = funds.get(fund, {}).get("items", {}), books.get(fund, {})
        for item in sorted({*reported, *booked}):
            business = reported.get(item, {}).get("business", "0.00")
            statistics = reported.get(item, {}).get("statistics", "0.00")
            columns = (business, booked.get(item, "0.00"), statistics)
            totals_fen = [parse_yuan(column) for column in columns]
            if any(totals_fen):
                apart_fen = max(totals_fen) - min(totals_fen)
                rows.append((fund, item, *columns, format_yuan(apart_fen) if apart_fen else ""))
    titles = (
        "基金 fund",
        "项目 item",
        "业务 business",
        "账簿 books",
        "统计 statistics",
        "差额 difference",
    )
    print_table(f"三数核对 three totals {day}", titles, rows)


def _show(day: str, funds: dict[str, Any]) -> None:
    rows = [
        (
            fund,
            one["receivable"],
            one["collected"],
            one.get("benefits", "0.00"),
            one.get("personal", {}).get("credited", "0.00"),
            *(one.get("personal", {}).get(why, "0.00") for why in _REASONS),
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
