"""The one way to the services: requests with the signed-in person's own token."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from services.console.session import Session
from shared.guard import forwarded, tls
from shared.process.settings import Settings

SERVICES: Final = ("identity", "collection", "ledger", "payout")
PAGE: Final = 50
"""Rows that a list fetches at a time."""


@dataclass(frozen=True, slots=True)
class ApiFault:
    """One fault of a request: the place in the body, a code and a sentence."""

    pointer: str
    code: str
    message: str


class ApiError(Exception):
    """A refusal of a service, from its problem document (RFC 9457)."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code") or f"HTTP_{status}")
        self.detail = str(body.get("detail") or "")
        self.trace_id = str(body.get("trace_id") or "")
        self.faults = tuple(
            ApiFault(str(one["pointer"]), str(one["code"]), str(one["message"]))
            for one in body.get("errors") or ()
        )
        super().__init__(f"{status} {self.code}: {self.detail}")


class SignedOut(ApiError):
    """The session has ended: the person signs in again."""


class Unreachable(ApiError):
    """A service gave no answer. What was sent may have been done: the same key may be sent again."""


def new_key() -> str:
    """Make the idempotency key of one action of a person, when its form is opened."""
    return f"console-{secrets.token_hex(16)}"


class Services:
    """The addresses of the services and a pool of connections to each, for all people."""

    def __init__(
        self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._key_path = settings.console_key_path
        self._urls = {name: str(getattr(settings, f"{name}_url")) for name in SERVICES}
        # A request looks through its whole pool: one for all services would take longer. A client
        # around it would take as long again, for cookies, redirects and proxies that there are not.
        limits = httpx.Limits(max_connections=50, max_keepalive_connections=20)
        verify = tls.trusted(settings)
        self._ways = {
            name: transport
            or httpx.AsyncHTTPTransport(verify=verify, limits=limits, trust_env=False)
            for name in SERVICES
        }

    async def close(self) -> None:
        """Close the connections."""
        for way in self._ways.values():
            await way.aclose()

    async def states(self) -> dict[str, str]:
        """Return whether each service lives."""
        return dict(zip(SERVICES, await asyncio.gather(*map(self._state, SERVICES)), strict=True))

    async def _state(self, service: str) -> str:
        try:
            answer = await self._send("GET", service, "/healthz", {}, seconds=3.0)
        except httpx.TransportError:
            return "does not answer"
        return "ok" if answer.is_success else f"answers {answer.status_code}"

    async def _send(
        self,
        method: str,
        service: str,
        path: str,
        headers: dict[str, str],
        *,
        seconds: float = 60.0,
        **request: Any,
    ) -> httpx.Response:
        times = httpx.Timeout(seconds, connect=3.0).as_dict()
        url = self._urls[service] + path
        sent = httpx.Request(method, url, headers=headers, extensions={"timeout": times}, **request)
        answer = await self._ways[service].handle_async_request(sent)
        await answer.aread()
        return answer

    async def ask(
        self, method: str, service: str, path: str, headers: dict[str, str], **request: Any
    ) -> httpx.Response:
        """Send a request and return its answer.

        Raises:
            ApiError: the service refused. Unreachable: it did not answer.
        """
        headers["X-Request-Id"] = secrets.token_hex(8)
        try:
            answer = await self._send(method, service, path, headers, **request)
        except httpx.TransportError as error:
            raise Unreachable(503, _silence(service, headers["X-Request-Id"])) from error
        if answer.is_success:
            return answer
        raise _refusal(answer)

    async def identity(
        self, path: str, body: dict[str, Any], *, address: str = ""
    ) -> dict[str, Any]:
        """POST to identity without a token: signing in and out, tokens of a session."""
        headers = forwarded.fields(self._key_path, address)
        answer = await self.ask("POST", "identity", path, headers, json=body)
        found: dict[str, Any] = orjson.loads(answer.content) if answer.content else {}
        return found

    async def provider(
        self, path: str = "/v1/provider", *, address: str, seconds: float = 3.0
    ) -> dict[str, Any]:
        """GET what identity says of the site's OpenID provider; nothing where there is none."""
        headers = forwarded.fields(self._key_path, address)
        try:
            answer = await self.ask("GET", "identity", path, headers, seconds=seconds)
        except ApiError as error:
            if error.status == 404:
                return {}
            raise
        found: dict[str, Any] = orjson.loads(answer.content)
        return found


class Api:
    """A person's requests. A door is "service:/path", for instance "collection:/v1/bills"."""

    def __init__(self, services: Services, session: Session) -> None:
        self._services = services
        self.session = session

    async def get(self, door: str, **params: Any) -> Any:
        """GET, with the parameters that are not None or empty; the answer's JSON."""
        answer = await self._ask("GET", door, params=_given(params))
        return orjson.loads(answer.content)

    def ahead(self, door: str, **params: Any) -> Callable[[], Awaitable[Any]]:
        """Send a GET now and return the function that waits for its answer; called again, it asks anew."""
        sent = asyncio.create_task(self.get(door, **params))
        # A page that is left waits for no answer; its refusal is then nobody's.
        sent.add_done_callback(lambda one: one.cancelled() or one.exception())
        waiting = [sent]

        async def answer() -> Any:
            return await (waiting.pop() if waiting else self.get(door, **params))

        return answer

    async def post(
        self, door: str, body: Any = None, *, key: str | None = None, **params: Any
    ) -> Any:
        """POST a JSON body under the key of the action; the answer's JSON, None if it is empty."""
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        content = orjson.dumps(body if body is not None else {})
        answer = await self._ask("POST", door, headers, content=content, params=_given(params))
        return orjson.loads(answer.content) if answer.content else None

    async def put(self, door: str, body: Any) -> Any:
        """PUT a JSON body; the answer's JSON."""
        headers = {"Content-Type": "application/json"}
        answer = await self._ask("PUT", door, headers, content=orjson.dumps(body))
        return orjson.loads(answer.content) if answer.content else None

    async def upload(
        self, door: str, content: bytes, media_type: str, *, key: str | None = None, **params: Any
    ) -> Any:
        """POST a file; the answer's JSON."""
        headers = {"Content-Type": media_type}
        if key is not None:
            headers["Idempotency-Key"] = key
        answer = await self._ask("POST", door, headers, content=content, params=_given(params))
        return orjson.loads(answer.content) if answer.content else None

    async def file(self, door: str, **params: Any) -> tuple[bytes, str]:
        """GET a file: its content and its media type."""
        answer = await self._ask("GET", door, params=_given(params))
        return answer.content, answer.headers.get("content-type", "application/octet-stream")

    async def pages(self, door: str, *, limit: int = 500, **params: Any) -> AsyncIterator[Any]:
        """Yield every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = await self.get(door, limit=limit, cursor=cursor, **params)
            for item in page["items"]:
                yield item
            cursor = page.get("next_cursor")
            if not cursor:
                return

    async def sign_in_again(self, password: str, code: str, *, address: str) -> str:
        """Open a new session for the same person, whose pages and typed work stay.

        Returns:
            The claim with which the browser takes its new id.
        """
        body = {"name": self.session.name, "password": password, "code": code}
        answer = await self._services.identity("/v1/sessions", body, address=address)
        return self.session.renew(answer)

    async def _ask(
        self, method: str, door: str, headers: dict[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        service, _, path = door.partition(":")
        for attempt in (1, 2):
            known = self.session.changes
            given = {**(headers or {}), "Authorization": f"Bearer {await self._token()}"}
            try:
                return await self._services.ask(method, service, path, given, **request)
            except ApiError as error:
                if error.status == 403 and attempt == 1 and await self._has_other_role(known):
                    continue
                if error.status != 401:
                    raise
                self.session.token = ""  # revoked, or of a key that is gone: ask for another, once
                if attempt == 2:
                    raise SignedOut(401, {"code": error.code, "detail": error.detail}) from error
        raise AssertionError("unreachable")

    async def _has_other_role(self, known: int) -> bool:
        """Ask for a new token after a refusal; return whether it names another role or place."""
        if self.session.changes == known:
            self.session.token = ""
            await self._token()
        return self.session.changes != known

    async def _token(self) -> str:
        session = self.session
        if session.is_ended:
            raise SignedOut(401, {"code": "SIGNED_OUT", "detail": "已退出登录 (signed out)"})
        if session.has_token():
            return session.token
        if not session.secret:  # a frame that waits for its token has none to renew
            raise SignedOut(401, {"code": "NO_SESSION", "detail": "没有登录 (not signed in)"})
        async with session.renewing:
            if session.has_token():
                return session.token
            body = {"session": session.secret}
            try:
                return session.keep_token(await self._services.identity("/v1/session-tokens", body))
            except ApiError as error:
                if error.status in {401, 403, 404, 410, 422}:
                    raise SignedOut(401, {"code": error.code, "detail": error.detail}) from error
                raise


def _given(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the parameters that say something; `from_` stands for `from`."""
    chosen = {
        name.rstrip("_"): ("true" if value else "false") if isinstance(value, bool) else value
        for name, value in params.items()
        if value is not None and value != ""
    }
    return chosen or None


def _refusal(answer: httpx.Response) -> ApiError:
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        body = {}
    return ApiError(answer.status_code, body if isinstance(body, dict) else {})


def _silence(service: str, trace_id: str) -> dict[str, str]:
    return {
        "code": "SERVICE_UNREACHABLE",
        "detail": f"{service} 服务没有应答。已填内容仍在,可以再次提交,不会重复办理"
        f" ({service} does not answer. What you typed is kept; sending it again does nothing twice)",
        "trace_id": trace_id,
    }
