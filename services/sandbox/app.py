"""Build the ASGI app of the sandbox. It runs on loopback next to the three services."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import Response

from services import VERSION
from services.sandbox import inquiry_routes, order_routes, return_routes, routes
from services.sandbox.bank import Bank
from services.sandbox.benefits import BenefitClerks
from services.sandbox.clerks import Clerks
from services.sandbox.courier import Courier
from services.sandbox.gateway import Gateway
from services.sandbox.journal import Journal
from services.sandbox.routes import Sandbox
from services.sandbox.statements import Statements
from services.sandbox.tax_bureau import TaxBureau
from services.sandbox.tickets import Tickets
from services.sandbox.trade import DEBIT, PAYMENT
from shared.errors import NotFound
from shared.guard.rate_limit import Pace, read_limits
from shared.process.settings import Settings
from shared.process.settings import settings as process_settings
from shared.signature.message import RequestSigner
from shared.web.app import create_app
from shared.web.browsers import Browsers
from shared.web.client import Peer, PeerError
from shared.web.problem import problem
from shared.web.trust_feed import trust_of

SERVICE = "sandbox"
IN_A_HURRY = Pace(reads=1_000_000, writes=1_000_000)
"""The sandbox asks for no token, and the demo plays two months in a minute."""

Transports = Mapping[str, httpx.AsyncBaseTransport]


def build(settings: Settings | None = None, transports: Transports | None = None) -> FastAPI:
    """Build the app; in tests `transports` replace the network (peer name → transport)."""
    chosen = settings or process_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            journal = Journal(chosen.home / "sandbox" / "journal.sqlite3")
            stack.callback(journal.close)
            peers = {
                name: await stack.enter_async_context(peer)
                for name, peer in _peers(chosen, transports or {}).items()
            }
            people = {
                name: _People(chosen, url, (transports or {}).get(name))
                for name, url in (
                    ("collection", chosen.collection_url),
                    ("ledger", chosen.ledger_url),
                    ("payout", chosen.payout_url),
                )
            }
            for one in people.values():
                stack.push_async_callback(one.close)
            clerks = Clerks(journal, people["collection"])
            benefits = BenefitClerks(journal, people["ledger"], people["payout"])
            day_file = chosen.home / "sandbox" / "day"
            app.state.sandbox = _sandbox(journal, peers, clerks, benefits, day_file)
            yield

    async def journal() -> dict[str, str]:
        app.state.sandbox.bank.balances()
        return {"journal": "ok"}

    app = create_app(
        service=SERVICE,
        title="五险沙箱 · Sandbox",
        description="模拟银行与模拟税务局,仅供试用 · "
        "A simulated bank and tax bureau for trying the services out. No money moves anywhere.",
        version=VERSION,
        routers=[
            routes.router,
            order_routes.router,
            return_routes.router,
            inquiry_routes.router,
        ],
        lifespan=lifespan,
        trust=trust_of(chosen, SERVICE),
        checks=[journal],
        body_limit_bytes=1024 * 1024,
        rate_limits=read_limits().model_copy(update={"open": IN_A_HURRY}),
        browsers=Browsers.of(chosen, SERVICE),
    )
    app.add_exception_handler(PeerError, _on_peer)
    app.add_exception_handler(httpx.TransportError, _on_unreachable)
    return app


class _People:
    """Ways of the sandbox's people to one service, opened when they are first needed."""

    def __init__(
        self, settings: Settings, url: str, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._settings = settings
        self._url = url
        self._transport = transport
        self._peers: dict[str, Peer] = {}

    def __call__(self, name: str) -> Peer:
        """Return the way of a person."""
        if name not in self._peers:
            secrets = json.loads((self._settings.identity_path / "secrets.json").read_text())
            if name not in secrets:
                raise NotFound(person=name)
            self._peers[name] = Peer(
                self._url,
                name,
                secrets[name],
                identity_url=self._settings.identity_url,
                transport=self._transport,
            )
        return self._peers[name]

    async def close(self) -> None:
        """Close all connections."""
        for peer in self._peers.values():
            await peer.close()


def _peers(settings: Settings, transports: Transports) -> dict[str, Peer]:
    """Collection as the bank's gateway, payout as the same, collection as the tax bureau."""
    secrets = json.loads((settings.identity_path / "secrets.json").read_text())

    def peer(name: str, url: str, client_id: str) -> Peer:
        return Peer(
            url,
            client_id,
            secrets[client_id],
            identity_url=settings.identity_url,
            attempts=12,
            transport=transports.get(name),
            signer=signer_of(settings.home / "sandbox" / "keys" / f"{client_id}.jwk"),
        )

    return {
        "collection": peer("collection", settings.collection_url, "bank_gateway"),
        "payout": peer("payout", settings.payout_url, "bank_gateway"),
        "tax": peer("tax", settings.collection_url, "tax_bureau"),
    }


def signer_of(path: Path) -> RequestSigner | None:
    """Return the signer with a client's private key (a JWK with its `kid`); None without a file."""
    if not path.exists():
        return None
    jwk = json.loads(path.read_text())
    return RequestSigner(jwk["kid"], jwk)


def _sandbox(
    journal: Journal,
    peers: Mapping[str, Peer],
    clerks: Clerks,
    benefits: BenefitClerks,
    day_file: Path,
) -> Sandbox:
    courier = Courier(journal, peers)
    return Sandbox(
        journal=journal,
        bank=Bank(journal),
        statements=Statements(journal),
        courier=courier,
        gateways={
            trade.purpose: Gateway(journal, courier, trade, peers[trade.peer])
            for trade in (DEBIT, PAYMENT)
        },
        bureau=TaxBureau(journal, courier, peers["tax"]),
        tickets=Tickets(journal, courier),
        turn=asyncio.Lock(),
        clerks=clerks,
        benefits=benefits,
        day_file=day_file,
    )


async def _on_peer(request: Request, error: Exception) -> Response:
    assert isinstance(error, PeerError)
    return problem(
        request,
        status=424,
        code="PEER_REFUSED",
        detail=f"对方系统拒绝 (a service refused the sandbox): {error}"[:500],
    )


async def _on_unreachable(request: Request, error: Exception) -> Response:
    return problem(
        request,
        status=503,
        code="PEER_UNREACHABLE",
        detail=f"无法连接对方系统 (a service cannot be reached): {type(error).__name__}",
        headers={"Retry-After": "1"},
    )
