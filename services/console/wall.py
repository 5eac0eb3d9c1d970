"""The wall screen (大屏): the city at a glance, for a screen that nobody types at.

A signed-in person opens `/wall`. Another site shows `/embed/wall` in a frame and posts an access
token of a dashboard client to it: the token is in no address, no cookie and no log, and the console
keeps it in the memory of that one page until it ends. The site posts the next one in time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from nicegui import events, ui

from services.console.api import Api, ApiError, Services, SignedOut
from services.console.pages.home import dashboard, figures
from services.console.pages.home.figures import Span
from services.console.session import Session
from services.console.style import dress
from services.console.widgets import text
from services.console.words import Language, speak, t
from shared import clock
from shared.money import format_yuan, parse_yuan
from shared.roles import CENTRE, Role

REFRESH_SECONDS: Final = 30.0
ASKS_AGAIN_SECONDS: Final = 5.0
TITLE: Final = ("五险基金与征缴", "Social insurance: funds and collection")


def build_wall(api: Api) -> None:
    """Build the screen of a signed-in person."""
    speak(api.session.language)
    _build(api)


def build_embedded_wall(services: Services, origins: Sequence[str], language: Language) -> None:
    """Build the screen of a frame, empty until the page around it posts a token."""
    speak(language)
    session = Session(
        secret="",
        name="dashboard",
        display="dashboard",
        role=Role.DASHBOARD,
        district=CENTRE,
        ends_at=clock.now() + timedelta(days=3650),
        language=language,
    )
    api = Api(services, session)
    draw = _build(api)

    async def take(event: events.GenericEventArguments) -> None:
        token, seconds = event.args.get("token"), event.args.get("expires_in")
        if not isinstance(token, str) or len(token) > 8192:
            return
        session.token = token
        session.token_ends = time.monotonic() + min(float(seconds or 900), 3600.0)
        await draw()

    ui.on("wall_token", take)
    ui.add_body_html(f"<script>wuxian.takeTokens({json.dumps(list(origins))})</script>")


def _build(api: Api) -> Any:
    dress()
    ui.query("body").classes("wx-wall-body")
    with ui.element("div").classes("wx-wall"):
        with ui.element("div").classes("wx-wall-head"):
            ui.label(t(*TITLE)).classes("wx-wall-title").props("role=heading aria-level=1")
            as_of = ui.label("").classes("wx-wall-time")
        board = ui.element("div").classes("wx-wall-board")

    async def draw() -> None:
        if api.session.secret and api.session.is_idle():
            as_of.set_text(t("长时间无操作,已停止刷新", "No longer drawn anew: nobody has acted"))
            return
        span = Span(clock.today())
        try:
            parts = await _ask(api, span)
        except SignedOut:
            as_of.set_text(t("等待令牌", "Waiting for a token"))
            return
        except ApiError as error:
            as_of.set_text(error.detail)
            return
        board.clear()
        with board:
            _draw(span, parts)
        now = text.moment(clock.now().isoformat())[11:]
        as_of.set_text(t(f"截至 {span.today}  {now} 刷新", f"As of {span.today}, drawn at {now}"))

    ui.timer(REFRESH_SECONDS, draw)
    return draw


async def _ask(api: Api, span: Span) -> dict[str, Any]:
    """Ask what a dashboard client may read, and nothing else."""
    day, first = span.today.isoformat(), span.first.isoformat()
    balances, measures, capacity, warnings = await asyncio.gather(
        figures.balances(api, span),
        figures.answer(api, "ledger:/v1/measures/collection", from_=first, to=day),
        figures.answer(api, "ledger:/v1/measures/capacity", as_of=day),
        figures.answer(api, "ledger:/v1/warnings", as_of=day),
    )
    return {
        "balances": balances,
        "rates": figures.summed((measures or {}).get("funds", ())),
        "capacity": capacity,
        "warnings": (warnings or {}).get("items", []),
    }


def _draw(span: Span, parts: Mapping[str, Any]) -> None:
    rates = parts["rates"]
    total = sum(parse_yuan(row["amount"]) for row in parts["balances"])
    with ui.element("div").classes("wx-wall-figures"):
        _figure(t("基金存款合计(元)", "Money of all funds, yuan"), text.money(format_yuan(total)))
        _figure(t("本月征缴率", "Collection rate"), text.percent(rates.get("collection_rate")))
        _figure(t("本月到账率", "Arrival rate"), text.percent(rates.get("arrival_rate")))
        _figure(t("本月实征(元)", "Collected, yuan"), text.money(rates.get("collected")))
        _figure(t("预警", "Warnings"), text.number(len(parts["warnings"])))
    with ui.element("div").classes("wx-wall-charts"):
        dashboard.balance_chart(span, parts["balances"], height=400)
        dashboard.capacity_chart(parts["capacity"], height=400)
    dashboard.warning_table({"items": parts["warnings"][:8]})


def _figure(title: str, value: str) -> None:
    with ui.element("div").classes("wx-wall-figure"):
        ui.label(title).classes("wx-wall-figure-title")
        ui.label(value).classes("wx-wall-figure-value")
