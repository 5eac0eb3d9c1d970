"""Two hundred open pages of the console, clicking.

    python -m benchmarks.console_pages [--small] [--json] [--pages N] [--seconds S]

Real processes over real HTTP and real sockets, on the demo's small city. The sandbox's people sign
in; each of their pages has a socket of its own and moves every few seconds to another page, as a
browser does it. The time of a click ends when the page's content has come. No browser draws: what
is measured is the console with its services behind it. Beside the times stands the processor time of
one click in each process, which says the same on a busy machine.
"""

from __future__ import annotations

import asyncio
import html
import json
import random
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import pyotp
import typer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from benchmarks._bench import AsJson, Small
from benchmarks._watch import Peaks
from services.demo.filling import fill
from services.demo.office import Office
from services.demo.stage import Stage
from services.supervisor import Supervisor
from shared.process.settings import Settings
from shared.roles import Role
from shared.security.sandbox import totp_seed

SERVICES = ("identity", "collection", "ledger", "payout", "console", "sandbox")
PAUSE_SECONDS = (2.0, 8.0)
"""Time that a person looks at a page before the next click."""
OPENING_SECONDS = 20.0
"""Time within which all pages are opened."""
ANSWER_SECONDS = 30.0
WALK = (
    ("/", "wx-title"),
    ("/declarations", "dcl_"),
    ("/declarations?status=submitted", "q-td"),
)
"""Pages, and what their content has."""


@dataclass(slots=True)
class Tab:
    """One open page of a person: its socket, and the element that takes navigation."""

    socket: ClientConnection
    client_id: str
    layout_id: int
    listener_id: str

    async def go(self, path: str, sign: str) -> float:
        """Click on a link and wait for the content; the seconds that it took."""
        began = time.monotonic()
        event = {
            "id": self.layout_id,
            "client_id": self.client_id,
            "listener_id": self.listener_id,
            "args": [json.dumps(path)],
        }
        await self.socket.send("42" + json.dumps(["event", event]))
        await self.until(sign)
        return time.monotonic() - began

    async def rest(self, seconds: float) -> None:
        """Look at the page: read what still comes and answer pings, so that no frame of this page
        is taken for the next one's."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    if str(await self.socket.recv()) == "2":
                        await self.socket.send("3")

    async def until(self, sign: str) -> None:
        """Read until the content has come."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                frame = str(await self.socket.recv())
                if frame == "2":  # a ping
                    await self.socket.send("3")
                elif sign in frame:
                    return


def people() -> list[str]:
    """Return the sandbox's people who have something to do in collection."""
    return [
        role.value
        for role in Role
        if role.level.value == "centre" and role is not Role.IDENTITY_ADMIN
    ]


async def signed_in(url: str, name: str, secret: str) -> httpx.AsyncClient:
    """Sign a person in and return the browser with the cookie."""
    browser = httpx.AsyncClient(base_url=url, trust_env=False, timeout=60, follow_redirects=True)
    code = pyotp.TOTP(totp_seed(secret)).now()
    form = {"name": name, "password": secret, "code": code, "next": "/"}
    answer = await browser.post("/sign-in", data=form)
    assert "wx-person" in answer.text, f"{name} is not signed in"
    return browser


async def opened(url: str, browser: httpx.AsyncClient) -> Tab:
    """Open a page as a browser does: the document, then its socket."""
    document = (await browser.get("/")).text
    client_id = re.search(r"'client_id': '([^']+)'", document)
    elements = re.search(r"parseElements\(String.raw`(.*?)`\)", document, re.DOTALL)
    assert client_id is not None
    assert elements is not None
    layout = json.loads(html.unescape(elements[1]))
    (found,) = [
        (int(id), event["listener_id"])
        for id, element in layout.items()
        for event in element.get("events", ())
        if event["type"] == "sub_pages_navigate"
    ]
    query = {
        "client_id": client_id[1],
        "next_message_id": "0",
        "implicit_handshake": "true",
        "document_id": client_id[1],
        "tab_id": client_id[1],
        "EIO": "4",
        "transport": "websocket",
    }
    address = f"{url.replace('http', 'ws', 1)}/_nicegui_ws/socket.io/?{httpx.QueryParams(query)}"
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    socket = await connect(
        address, origin=Origin(url), additional_headers={"Cookie": cookie}, max_size=None
    )
    await socket.recv()
    await socket.send("40")
    tab = Tab(socket, client_id[1], *found)
    await tab.go("/declarations", "dcl_")
    return tab


async def click(
    url: str, browser: httpx.AsyncClient, ends: float, seconds: list[float], seed: int
) -> int:
    """Open a page and walk on until the end; the number of clicks and openings without an answer."""
    chance, failed = random.Random(seed), 0
    tab: Tab | None = None
    await asyncio.sleep(chance.uniform(0, OPENING_SECONDS))
    while time.monotonic() < ends:
        try:
            if tab is None:
                tab, at = await opened(url, browser), "/declarations"
            at, sign = chance.choice([step for step in WALK if step[0] != at])
            await tab.rest(chance.uniform(*PAUSE_SECONDS))
            seconds.append(await tab.go(at, sign))
        except (TimeoutError, ConnectionClosed, httpx.TransportError):
            failed, tab = failed + 1, None
    if tab is not None:
        await tab.socket.close()
    return failed


@asynccontextmanager
async def a_house(home: Path) -> AsyncIterator[Supervisor]:
    """Run a filled city with its console."""
    settings = Settings(home=home, log_level="WARNING")
    ports = dict.fromkeys(SERVICES, 0)
    async with Supervisor(settings, SERVICES, ports=ports, on_log=lambda *_: None) as house:
        office = Office(house.urls, house.secrets)
        try:
            await fill(office, Stage())
        finally:
            await office.close()
        yield house


async def cost_of_clicks(house: Supervisor, taken: list[float], ends: float) -> dict[str, float]:
    """Return the processor time of one click in each process, in ms, once all pages are open."""
    await asyncio.sleep(OPENING_SECONDS)
    began, clicks = time.process_time(), len(taken)
    assert house.admin_url is not None
    peaks = Peaks({name: house.pid_of(name) or 0 for name in SERVICES}, house.admin_url)
    async with peaks:
        await asyncio.sleep(ends - time.monotonic())
        seconds = {**peaks.cpu_seconds(), "these clicks": time.process_time() - began}
    clicked = max(len(taken) - clicks, 1)
    costs = {name: round(1000 * spent / clicked, 1) for name, spent in sorted(seconds.items())}
    return {name: cost for name, cost in costs.items() if cost}


def memory_mib(pid: int | None) -> float:
    """Return the peak of resident memory of a process."""
    status = (Path("/proc") / str(pid) / "status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return round(int(found[1]) / 1024, 1) if found else 0.0


async def measure(home: Path, pages: int, seconds: float) -> dict[str, Any]:
    """Open the pages, click, and return the figures."""
    async with a_house(home) as house:
        url = house.urls["console"]
        alone = memory_mib(house.pid_of("console"))
        browsers = [await signed_in(url, name, house.secrets[name]) for name in people()]
        taken: list[float] = []
        ends = time.monotonic() + OPENING_SECONDS + seconds
        costs = asyncio.create_task(cost_of_clicks(house, taken, ends))
        failed = await asyncio.gather(
            *(click(url, browsers[at % len(browsers)], ends, taken, at) for at in range(pages))
        )
        figures = {
            "pages": pages,
            "clicks": len(taken),
            "failed": sum(failed),
            "p50_ms": _percentile(taken, 0.5),
            "p95_ms": _percentile(taken, 0.95),
            "memory_mib_before": alone,
            "memory_mib_peak": memory_mib(house.pid_of("console")),
            "cpu_ms_per_click": await costs,
        }
        for one in browsers:
            await one.aclose()
    return figures


def _percentile(taken: list[float], share: float) -> float:
    ordered = sorted(taken) or [0.0]
    return round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


def main(
    small: Small = False,
    as_json: AsJson = False,
    pages: Annotated[int, typer.Option(help="Open pages.")] = 200,
    seconds: Annotated[float, typer.Option(help="Time of clicking.")] = 60.0,
) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="wuxian-console-") as directory:
        Path(directory).chmod(0o755)
        home = Path(directory) / "home"
        figures = asyncio.run(measure(home, 20 if small else pages, 10.0 if small else seconds))
    for name, value in figures.items():
        print(f"{name:<20} {value}")
    if as_json:
        print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
