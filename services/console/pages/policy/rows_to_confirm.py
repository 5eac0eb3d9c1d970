"""Rows of rules whose source a person must still confirm (待核), of every service."""

from __future__ import annotations

from typing import Any, Final

from services.console import codes
from services.console.page import Area, FreePage, View, link
from services.console.pages.policy.ledger_rules import TABLES
from services.console.pages.policy.rule_row import FROM_TO
from services.console.widgets.cell import Column
from services.console.widgets.fault import attempt
from services.console.widgets.field import today
from services.console.widgets.table import table_panel
from services.console.widgets.title import about, heading, page_title
from services.console.words import t
from shared.roles import Right

_DOUBTS: Final = (
    Column("title", ("标准", "Row"), address=lambda row: row["address"]),
    Column("place", ("地区", "Place"), names=codes.REGIONS),
    *FROM_TO,
    Column("source", ("依据", "Source")),
)


async def show_doubts(view: View) -> None:
    """Show every row whose source a person must still confirm, with its page."""
    page_title(t("待核标准", "Rows to confirm"))
    about(
        t(
            "依据未经核实〔待核〕的标准。核对后提出确认,另一人批准后去掉标记。",
            "Rows whose source is not certain. Propose a confirmation; another person approves it.",
        )
    )
    if view.may(Right.READ_PAYOUT):
        found = await attempt(
            view.api, lambda: view.api.get("payout:/v1/formula-rows", status="in_force", limit=500)
        )
        rows = [row for row in (found or {"items": []})["items"] if not row["certain"]]
        _show(
            t("待遇计发参数", "Values of formulas"),
            [{**row, "address": f"/formula-rows/{row['id']}"} for row in rows],
        )
    if view.may(Right.READ_LEDGER):
        await _show_ledger(view)
    if view.may(Right.READ_COLLECTION):
        await _show_policy(view)


async def _show_ledger(view: View) -> None:
    rows = []
    for name in ("personal_injection_rule", "warning_threshold", "adjustment_rule"):
        found = await attempt(view.api, lambda name=name: view.api.get(f"ledger:/v1/rules/{name}"))  # type: ignore[misc]
        page = "/retirees-top-ups" if name == "personal_injection_rule" else "/ledger-corrections"
        rows += [
            {**row, "title": t(*TABLES[name]), "address": page}
            for row in (found or {"items": []})["items"]
            if row.get("certainty", "confirmed") != "confirmed"
        ]
    _show(t("账务规则", "Rules of the ledger"), rows)


async def _show_policy(view: View) -> None:
    day = today()
    found = await attempt(
        view.api, lambda: view.api.get("collection:/v1/policies/in-force", on=day)
    )
    if found is None:
        return
    rows = [
        {
            "title": found["title"],
            "place": found["region"],
            "in_force_from": found["in_force_from"],
            "in_force_to": found["in_force_to"],
            "source": source["text"],
            "address": link(f"/policies/{found['id']}"),
        }
        for source in found["content"]["sources"]
        if not source.get("certain", True)
    ]
    _show(t("征缴政策", "The policy of contributions"), rows)


def _show(title: str, rows: list[dict[str, Any]]) -> None:
    heading(f"{title} · {len(rows):,}")
    table_panel(_DOUBTS, rows)


PAGES: Final = (
    FreePage(
        path="/rows-to-confirm",
        title=("待核标准", "Rows to confirm"),
        area=Area.POLICY,
        order=64,
        show=show_doubts,
        rights=(Right.READ_PAYOUT, Right.READ_LEDGER, Right.READ_COLLECTION),
    ),
)
