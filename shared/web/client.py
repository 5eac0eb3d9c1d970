"""The one HTTP client between services: timeouts, bounded retries, tokens, problem documents.

Only requests that are safe to repeat are retried; every POST here carries ids that make it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote_plus

import httpx
import orjson
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from shared.guard import tls
from shared.process import tracing

RETRIED_STATUS = frozenset({429, 502, 503, 504})


class RequestSigning(Protocol):
    """Signs requests (RFC 9421), as `shared.signature.message.RequestSigner` does."""

    def sign(
        self, method: str, target_uri: str, body: bytes, fields: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the fields to add to a request."""


class PeerError(Exception):
    """A peer answered with a problem."""

    def __init__(self, status: int, code: str, detail: str, body: dict[str, Any]) -> None:
        self.status, self.code, self.detail, self.body = status, code, detail, body
        super().__init__(f"{status} {code}: {detail}")


def _worth_retrying(error: BaseException) -> bool:
    if isinstance(error, PeerError):
        return error.status in RETRIED_STATUS
    return isinstance(error, httpx.TransportError)


class Peer:
    """One peer service, spoken to with this process's own identity: identity gives the tokens."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        secret: str,
        *,
        identity_url: str,
        attempts: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
        signer: RequestSigning | None = None,
    ) -> None:
        self._signer = signer
        self._token_url = f"{identity_url}/v1/oauth/token"
        self._credentials = httpx.BasicAuth(quote_plus(client_id), quote_plus(secret))
        self._token: str | None = None
        self._attempts = attempts
        self._http = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            timeout=httpx.Timeout(30.0, connect=2.0),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
            verify=tls.trusted(),
            # A proxy of the environment leads outside; peers stand beside us.
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, **params: Any) -> Any:
        """GET, with the parameters that are not None; the answer's JSON."""
        given = {name: value for name, value in params.items() if value is not None}
        # An empty mapping would wipe a query that stands in the path itself.
        return await self._ask("GET", path, params=given or None)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """POST a JSON body under an idempotency key; the answer's JSON.

        Raises:
            PeerError: the peer refused, or still could not after the retries.
            httpx.TransportError: the peer could not be reached.
        """
        headers = {"content-type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        content = orjson.dumps(body) if body is not None else b"{}"
        return await self._ask("POST", path, content=content, headers=headers)

    async def put(self, path: str, body: Any) -> Any:
        """PUT a JSON body; the answer's JSON.

        Raises:
            PeerError, httpx.TransportError: as `post`.
        """
        headers = {"content-type": "application/json"}
        return await self._ask("PUT", path, content=orjson.dumps(body), headers=headers)

    async def upload(
        self, path: str, content: bytes, media_type: str, *, key: str | None = None, **params: str
    ) -> Any:
        """POST a file that its receiver knows by its content or its key; the answer's JSON.

        Raises:
            PeerError, httpx.TransportError: as `post`.
        """
        headers = {"content-type": media_type}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self._ask(
            "POST", path, content=content, headers=headers, params=params or None
        )

    async def _ask(self, method: str, path: str, **how: Any) -> Any:
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            reraise=True,
            wait=wait_random_exponential(multiplier=0.1, max=3),
            retry=retry_if_exception(_worth_retrying),
        ):
            with attempt:
                return await self._once(method, path, **how)
        raise AssertionError("unreachable")

    async def _once(self, method: str, path: str, **how: Any) -> Any:
        answer = await self._request(method, path, **how)
        if answer.status_code == 401:  # expired or revoked
            self._token = None
            answer = await self._request(method, path, **how)
        return read_answer(answer)

    async def _request(self, method: str, path: str, **how: Any) -> httpx.Response:
        auth = _Bearer(await self._bearer(), self._signer)
        if tracing.current() is None:
            return await self._http.request(method, path, auth=auth, **how)
        with tracing.span(method, "CLIENT", http_request_method=method):
            how["headers"] = dict(how.get("headers") or {}) | tracing.headers()
            return await self._http.request(method, path, auth=auth, **how)

    async def _bearer(self) -> str:
        if self._token is None:
            answer = await self._http.post(
                self._token_url,
                data={"grant_type": "client_credentials"},
                auth=self._credentials,
            )
            self._token = str(read_answer(answer)["access_token"])
        return self._token


class _Bearer(httpx.Auth):
    """Adds the token, and to what writes a signature, each attempt with its own."""

    requires_request_body = True

    def __init__(self, token: str, signer: RequestSigning | None) -> None:
        self.token, self.signer = token, signer

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = f"Bearer {self.token}"
        if self.signer is not None and request.method != "GET":
            request.headers.update(
                self.signer.sign(request.method, str(request.url), request.content, request.headers)
            )
        yield request


def read_answer(answer: httpx.Response) -> Any:
    """Return the JSON of a successful answer.

    Raises:
        PeerError: the answer is a problem.
    """
    if answer.is_success:
        return orjson.loads(answer.content) if answer.content else None
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    raise PeerError(
        answer.status_code,
        str(body.get("code", "UNKNOWN")),
        str(body.get("detail", answer.reason_phrase)),
        body,
    )
