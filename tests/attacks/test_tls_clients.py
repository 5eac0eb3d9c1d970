"""Every client of ours, by the TLS settings: whom it trusts, and the certificate that it shows."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

import httpx
import pytest
import trustme
import typer

from services.cli.common import ask, sandbox_token
from services.identity.providers.clients import Provider
from services.identity.providers.domain import ProviderUnavailable
from shared.db import Database
from shared.evidence import store as evidence_store
from shared.evidence.anchor import AnchorKeeper
from shared.evidence.block import Block
from shared.process.settings import settings
from shared.web.client import Peer
from shared.web.trust_feed import _Feed

Call: TypeAlias = Callable[[str], Awaitable[object]]
REFUSED = (httpx.TransportError, ProviderUnavailable, typer.Exit)


async def peer(url: str) -> object:
    async with Peer(url, "ledger", "secret", identity_url=url, attempts=1) as found:
        return await found.get("/v1/anything")


async def identity_feed(url: str) -> object:
    feed = _Feed(settings().model_copy(update={"identity_url": url}))
    try:
        return await feed()
    finally:
        await feed.close()


async def provider(url: str) -> object:
    found = Provider(issuer=url, client_id="a", client_secret="b", redirect_url="https://c")
    return await found.end_address()


async def anchors(url: str) -> object:
    @asynccontextmanager
    async def no_transaction() -> AsyncIterator[None]:
        yield

    db = SimpleNamespace(service="ledger", transaction=no_transaction)
    return await AnchorKeeper(cast(Database, db), None, url).step()


async def command(url: str) -> object:
    return await asyncio.to_thread(ask, "GET", url, "/v1/anything", "token")


async def command_token(url: str) -> object:
    changed = settings().model_copy(update={"identity_url": url})
    return await asyncio.to_thread(sandbox_token, changed, "supervisor")


CALLS = [peer, identity_feed, provider, anchors, command, command_token]


BLOCK = Block(
    number=1,
    stream="trail",
    after=0,
    until=1,
    rows=1,
    digest=b"",
    previous=bytes(32),
    at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def configure(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Let this process have the TLS settings of an installation, with or without its certificate."""
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity/secrets.json").write_text(json.dumps({"supervisor": "s"}))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    own = authority.issue_cert("services").private_key_and_cert_chain_pem
    own.write_to_path(str(tmp_path / "own.pem"))

    async def head(_: Any) -> Block:
        return BLOCK

    monkeypatch.setattr(evidence_store, "head", head)

    def configured(*, with_authority: bool = True, with_certificate: bool = True) -> None:
        monkeypatch.setenv("WUXIAN_HOME", str(tmp_path))
        if with_authority:
            monkeypatch.setenv("WUXIAN_TLS_PEER_CA", str(tmp_path / "ca.pem"))
        if with_certificate:
            monkeypatch.setenv("WUXIAN_TLS_CERT", str(tmp_path / "own.pem"))
        settings.cache_clear()

    yield configured
    settings.cache_clear()


@asynccontextmanager
async def server(signer: trustme.CA, clients: trustme.CA | None) -> AsyncIterator[str]:
    """Serve one document to whoever comes; with `clients`, to holders of their certificates only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    signer.issue_cert("127.0.0.1").configure_cert(context)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        clients.configure_trust(context)
    url = ""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().splitlines():
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.partition(b":")[2]))
        document = {
            "access_token": "t",
            "token_type": "Bearer",
            "expires_in": 300,
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/keys",
            "end_session_endpoint": f"{url}/logout",
        }
        body = json.dumps(document).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        writer.write(b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield url
    finally:
        listening.close()


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
async def test_a_client_trusts_our_authorities_and_shows_our_certificate(
    call: Call, configure: Callable[..., None], authority: trustme.CA
) -> None:
    configure()
    async with server(authority, clients=authority) as url:
        assert await call(url)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
async def test_a_client_refuses_a_stranger_and_is_refused_without_a_certificate(
    call: Call, configure: Callable[..., None], authority: trustme.CA
) -> None:
    configure(with_certificate=False)
    async with server(trustme.CA(), clients=None) as impostor:
        with pytest.raises(REFUSED):
            await call(impostor)
    async with server(authority, clients=authority) as url:
        with pytest.raises(REFUSED):
            await call(url)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
async def test_a_client_trusts_a_private_authority_only_by_settings(
    call: Call, configure: Callable[..., None], authority: trustme.CA
) -> None:
    configure(with_authority=False, with_certificate=False)
    async with server(authority, clients=None) as url:
        with pytest.raises(REFUSED):
            await call(url)
