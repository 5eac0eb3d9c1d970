"""Addresses that webhooks may go to: hosts and networks that the operator allows, and no others.

A name is resolved at every delivery and the connection goes to the very address that was checked, so
a name that is changed afterwards leads nowhere else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from shared.errors import Refusal
from shared.process.settings import Settings

URL_CHARS_MAX: Final = 500
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class AddressForbidden(Refusal):
    """该地址不在运营方允许的主机之列,或不是 https 地址 (the operator does not allow this host, or it is no https address)"""

    code = "WEBHOOK_ADDRESS_FORBIDDEN"


@dataclass(frozen=True, slots=True)
class Target:
    """An address to connect to, and the name that its certificate must have."""

    url: str
    host: str
    """Value of the Host field."""
    server_name: str


async def resolve(host: str, port: int) -> Sequence[str]:
    """Look a name up."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class AddressRules:
    """The rules of one installation."""

    def __init__(
        self, hosts: Sequence[str], networks: Sequence[Network] = (), resolve: Resolve = resolve
    ) -> None:
        """Prepare the rules.

        Args:
            hosts: names that are allowed; ".example.cn" allows all names below it.
            networks: private networks that are allowed, to which http is allowed too.
            resolve: looks a name up.
        """
        self._hosts = [host.lower() for host in hosts]
        self._networks = networks
        self._resolve = resolve

    @classmethod
    def of(cls, settings: Settings) -> AddressRules:
        """Read the rules off the settings."""
        return cls(settings.webhook_hosts, settings.webhook_networks)

    def require(self, url: str) -> None:
        """Check an address without looking its name up.

        Raises:
            AddressForbidden: it is malformed, or its host is not allowed.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise AddressForbidden from None
        fits = (
            url.isascii()
            and url.isprintable()
            and " " not in url
            and len(url) <= URL_CHARS_MAX
            and parts.scheme in {"https", "http"}
            and port != 0
            and not parts.username
            and not parts.password
            and not parts.fragment
        )
        if not fits or not self._is_allowed(host):
            raise AddressForbidden(host=host)
        if parts.scheme == "http" and not self._networks:
            raise AddressForbidden(scheme="http")

    async def target(self, url: str) -> Target:
        """Resolve an address and check where it leads.

        Raises:
            AddressForbidden: to no host, or to one that must not be reached.
            OSError: the name is not known.
        """
        self.require(url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = [ipaddress.ip_address(one) for one in await self._resolve(host, port)]
        if not addresses or not all(self._may_reach(one, parts.scheme) for one in addresses):
            raise AddressForbidden(host=host)
        chosen = addresses[0]
        literal = f"[{chosen}]" if chosen.version == 6 else str(chosen)
        netloc = f"{literal}:{port}"
        reached = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
        return Target(reached, parts.netloc, host)

    def _is_allowed(self, host: str) -> bool:
        return bool(host) and any(
            host == one or (one.startswith(".") and host.endswith(one)) for one in self._hosts
        )

    def _may_reach(self, address: Address, scheme: str) -> bool:
        plain = getattr(address, "ipv4_mapped", None) or address
        if any(plain in network for network in self._networks if network.version == plain.version):
            return True
        carries_another = isinstance(plain, ipaddress.IPv6Address) and (
            plain.sixtofour is not None or plain.teredo is not None or plain in _NAT64
        )
        return scheme == "https" and plain.is_global and not (plain.is_multicast or carries_another)
