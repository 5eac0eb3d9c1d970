"""TLS by settings: the certificate of a service, the clients it asks for theirs, the peers it trusts."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import httpx
import uvloop

from shared.process.settings import Settings, settings

HANDSHAKE_SECONDS: Final = 10.0


def server_options(chosen: Settings) -> dict[str, Any]:
    """The server's TLS options; none without a certificate.

    With a file of client authorities every client must show a certificate of theirs (mTLS).
    """
    if not chosen.tls_cert:
        return {}
    return {
        "ssl_certfile": chosen.tls_cert,
        "ssl_keyfile": chosen.tls_key,
        "ssl_ca_certs": chosen.tls_client_ca,
        "ssl_cert_reqs": ssl.CERT_REQUIRED if chosen.tls_client_ca else ssl.CERT_NONE,
    }


def trusted(chosen: Settings | None = None) -> ssl.SSLContext:
    """The certificates that a client of this installation trusts, and its own to show."""
    chosen = chosen or settings()
    files = (chosen.tls_peer_ca, chosen.tls_cert, chosen.tls_key)
    return _context(*files, public=chosen.tls_peer_ca is None)


def trusted_outside() -> ssl.SSLContext:
    """The same for addresses outside, such as the site's OpenID provider: public authorities too."""
    chosen = settings()
    return _context(chosen.tls_peer_ca, chosen.tls_cert, chosen.tls_key, public=True)


@lru_cache(maxsize=4)
def _context(
    authorities: Path | None, cert: Path | None, key: Path | None, *, public: bool
) -> ssl.SSLContext:
    """Read the files once: it takes longer than a hundred requests."""
    if public:
        context = httpx.create_ssl_context(trust_env=False)
        if authorities is not None:
            context.load_verify_locations(cafile=authorities)
    else:
        context = ssl.create_default_context(cafile=authorities)
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context


class GuardedLoop(uvloop.Loop):  # type: ignore[misc]
    """An event loop whose servers end a TLS handshake that takes too long."""

    async def create_server(self, *args: Any, **named: Any) -> Any:
        """Create a server."""
        if named.get("ssl") is not None:
            named.setdefault("ssl_handshake_timeout", HANDSHAKE_SECONDS)
        return await super().create_server(*args, **named)
