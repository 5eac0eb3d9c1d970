"""The clients: tokens, signatures, retries. Both send the same calls."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self, TypeVar

import httpx

from wuxian_client.call import Call, Pages, Service
from wuxian_client.codec import decode, encode
from wuxian_client.credentials import Credentials
from wuxian_client.errors import error_of
from wuxian_client.signing import RequestSigner

T = TypeVar("T")
RETRIED = frozenset({429, 502, 503, 504})
EARLY_SECONDS = 30.0
"""A token is renewed so long before it ends."""


class _Core:
    """The parts of a client that do no input or output."""

    def __init__(  # noqa: PLR0913 - the addresses of an installation
        self,
        *,
        credentials: Credentials,
        identity: str,
        collection: str | None = None,
        ledger: str | None = None,
        payout: str | None = None,
        signer: RequestSigner | None = None,
        attempts: int = 5,
        timeout: float = 60.0,
        verify: Any = True,
    ) -> None:
        """Prepare a client.

        Args:
            credentials: the client's proof.
            identity: base address of identity.
            collection: base address of collection; likewise ledger and payout.
            ledger: see collection.
            payout: see collection.
            signer: signs what writes, where the installation wants that.
            attempts: how often a request is sent until an answer is final.
            timeout: seconds for one attempt.
            verify: certificates to trust, as httpx takes them.
        """
        self._credentials = credentials
        self._token_url = f"{identity.rstrip('/')}/v1/oauth/token"
        self._urls: dict[Service, str | None] = {
            "collection": collection,
            "ledger": ledger,
            "payout": payout,
        }
        self._signer = signer
        self._attempts = attempts
        self._options: dict[str, Any] = {"timeout": timeout, "verify": verify}
        self._token: str | None = None
        self._token_ends = 0.0

    def _url(self, call: Call[Any]) -> str:
        base = self._urls[call.operation.service]
        if base is None:
            raise ValueError(f"the client has no address of {call.operation.service}")
        query = httpx.QueryParams(call.parameters)
        return f"{base.rstrip('/')}{call.target}" + (f"?{query}" if query else "")

    def _content(self, call: Call[Any]) -> bytes:
        if call.operation.method == "GET":
            return b""
        if call.file is not None:
            return call.file.read()
        body = {} if call.body is None else encode(call.body)
        return json.dumps(body, ensure_ascii=False).encode()

    def _request(self, call: Call[Any], url: str, content: bytes, key: str) -> httpx.Request:
        """Build one attempt: the same key, but a new signature."""
        headers = {"authorization": f"Bearer {self._token}", "accept": "application/json"}
        if call.operation.method != "GET":
            headers |= {"content-type": "application/json", "idempotency-key": key}
            headers |= {} if call.file is None else call.file.headers
        request = httpx.Request(call.operation.method, url, content=content, headers=headers)
        if self._signer and call.operation.method != "GET":
            signed = self._signer.sign(request.method, str(request.url), content, headers)
            request.headers.update(signed)
        return request

    def _keep_token(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise error_of(answer)
        found = answer.json()
        self._token = str(found["access_token"])
        self._token_ends = time.monotonic() + float(found["expires_in"]) - EARLY_SECONDS

    def _has_token(self) -> bool:
        return self._token is not None and time.monotonic() < self._token_ends

    def _pause(self, attempt: int, answer: httpx.Response | None) -> float | None:
        """Return the seconds until the next attempt; None when the answer is final."""
        if attempt >= self._attempts or (answer is not None and answer.status_code not in RETRIED):
            return None
        told = str(answer.headers.get("retry-after", "")) if answer is not None else ""
        if told.isdigit():
            return float(min(int(told), 60))
        jitter = random.uniform(0.5, 1.0)
        return jitter * min(0.2 * 2.0**attempt, 10.0)

    def _is_stale(self, answer: httpx.Response) -> bool:
        """Tell whether a new token may help; the old one is then dropped."""
        if answer.status_code != 401 or b"TOKEN_INVALID" not in answer.content:
            return False
        self._token = None
        return True


def _read(call: Call[T], answer: httpx.Response) -> T:
    if not answer.is_success:
        raise error_of(answer)
    found: T = decode(call.answer, answer.json())
    return found


class Client(_Core):
    """The synchronous client."""

    def __init__(self, *, transport: httpx.BaseTransport | None = None, **parts: Any) -> None:
        super().__init__(**parts)
        self._http = httpx.Client(transport=transport, **self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T], *, key: str | None = None) -> T:
        """Send a call and return its answer.

        Args:
            call: from one of the modules of the services.
            key: the idempotency key; None: a new one, the same for all attempts of this call.

        Raises:
            ApiError: the service refused.
            httpx.TransportError: it could not be reached, also after the retries.
        """
        url, content, own = self._url(call), self._content(call), key or secrets.token_hex(16)
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            answer = None
            try:
                if not self._has_token():
                    form = self._credentials.form(self._token_url)
                    self._keep_token(self._http.post(self._token_url, data=form))
                answer = self._http.send(self._request(call, url, content, own))
            except httpx.TransportError:
                pause = self._pause(attempt, None)
                if pause is None:
                    raise
            else:
                if not renewed and self._is_stale(answer):
                    renewed = True
                    continue
                pause = self._pause(attempt, answer)
                if pause is None:
                    return _read(call, answer)
            _sleep(pause)

    def pages(self, pages: Pages[T]) -> Iterator[T]:
        """Iterate over all items of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.send(pages.after(cursor))
            yield from (decode(pages.item, one) for one in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return


class AsyncClient(_Core):
    """The asynchronous client."""

    def __init__(self, *, transport: httpx.AsyncBaseTransport | None = None, **parts: Any) -> None:
        super().__init__(**parts)
        self._http = httpx.AsyncClient(transport=transport, **self._options)
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T], *, key: str | None = None) -> T:
        """Send a call and return its answer; see `Client.send`."""
        url, content, own = self._url(call), self._content(call), key or secrets.token_hex(16)
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            answer = None
            try:
                await self._authenticate()
                answer = await self._http.send(self._request(call, url, content, own))
            except httpx.TransportError:
                pause = self._pause(attempt, None)
                if pause is None:
                    raise
            else:
                if not renewed and self._is_stale(answer):
                    renewed = True
                    continue
                pause = self._pause(attempt, answer)
                if pause is None:
                    return _read(call, answer)
            await asyncio.sleep(pause)

    async def _authenticate(self) -> None:
        async with self._turn:
            if not self._has_token():
                form = self._credentials.form(self._token_url)
                self._keep_token(await self._http.post(self._token_url, data=form))

    async def pages(self, pages: Pages[T]) -> AsyncIterator[T]:
        """Iterate over all items of a list, page by page."""
        cursor: str | None = None
        while True:
            page = await self.send(pages.after(cursor))
            for one in page["items"]:
                yield decode(pages.item, one)
            cursor = page["next_cursor"]
            if cursor is None:
                return


def _sleep(seconds: float) -> None:
    time.sleep(seconds)
