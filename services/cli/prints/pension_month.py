"""`wuxian pension-month`: the completeness of a month of pensions (社会化发放率)."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Any

import typer

from services.cli.common import (
    AsJson,
    ask,
    fail,
    out,
    page_from,
    print_json,
    print_table,
    settings_with,
    supervisor_token,
)
from shared.fund import CODE_PATTERN
from shared.period import PERIOD_PATTERN


def pension_month(
    period: Annotated[str, typer.Argument(help="The month, for instance 2021-07.")],
    token: Annotated[
        str | None,
        typer.Option(envvar="WUXIAN_TOKEN", help="Of a reader; default: the sandbox's supervisor."),
    ] = None,
    district: Annotated[str | None, typer.Option(help="Of one district only.")] = None,
    html: Annotated[
        bool, typer.Option("--html", help="Write a page to print to standard output.")
    ] = False,
    url: Annotated[str | None, typer.Option(help="Address of payout.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what is due of a month with what became of it; exit 1 while it is not complete."""
    if not re.fullmatch(PERIOD_PATTERN, period):
        fail(f"{period[:60]!r} is not a month, for instance 2021-07", 2)
    if district is not None and not re.fullmatch(CODE_PATTERN, district):
        fail(f"{district[:60]!r} is not a district", 2)
    base, bearer = url or settings_with().payout_url, token or supervisor_token()
    scope = f"?district={district}" if district else ""
    if html:
        sys.stdout.write(page_from(base, f"/v1/pension-months/{period}/print{scope}", bearer))
        return
    month = ask("GET", base, f"/v1/pension-months/{period}{scope}", bearer)
    if as_json:
        print_json(month)
    else:
        _show(month)
    raise typer.Exit(0 if month["complete"] else 1)


def _show(month: dict[str, Any]) -> None:
    from services.payout.payments.domain.completeness import STATE_NAMES

    def named(code: str, one: dict[str, Any]) -> tuple[str, str, str]:
        return f"{STATE_NAMES[code]} {code}", str(one["people"]), one["amount"]

    due, beyond = month["due"], month["beyond"]
    rows = [("应发 due", str(due["people"]), due["amount"])]
    rows += [named(one["state"], one) for one in month["states"]]
    rows.append(("多列入,须追回 beyond", str(beyond["people"]), beyond["amount"]))
    rows += [named(one["reason"], one) for one in month["stopped"]]
    title = f"{month['period']} {month['district'] or '全市 all districts'}"
    print_table(title, ("", "人数 people", "金额 amount"), rows)
    rates = f"发放率 rate {month['rate']} · 按时 in time {month['in_time_rate']}"
    out.print(f"{rates} (pay_by {month['pay_by']})", highlight=False)
