"""Fast path of the two doors that most vouchers come through, in front of the framework.

A request that is plainly in order (a good token, JSON that reads at sight, open books) is answered
here; any other goes on to the ordinary route, which knows every fault by name. So there is one set
of rules, and this is only the short way to them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any, Final

import orjson
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ledger.common.routes.door import OWN, problem_of
from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows import voucher as voucher_flow
from services.ledger.posting.flows.books import Books
from services.ledger.posting.routes.voucher import BATCH_PATH, BREATH, PATH
from services.ledger.posting.schemas.reading import Reader, colons_in
from services.ledger.posting.schemas.voucher import batch_json, posted_json
from shared.errors import Refusal
from shared.roles import Caller, Right
from shared.security.tokens import BadToken
from shared.security.trust import IdentityUnavailable
from shared.web.authentication import caller_of
from shared.web.problem import FAILURES, failed, refused
from shared.wire.json_grammar import is_plain
from shared.wire.ledger import VOUCHERS_MAX

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,128}")
"""As the ordinary door wants an Idempotency-Key; a voucher's own key is its event id."""
_BATCH_MEMBERS: Final = {"vouchers", "atomic"}
_JSON: Final = (b"content-type", b"application/json")
_REPLAYED: Final = (b"idempotent-replayed", b"true")


class Answer:
    """An answer in JSON. The framework's takes several times as long to make."""

    def __init__(self, content: Any, status: int = 200, *, replayed: bool = False) -> None:
        self._body = orjson.dumps(content)
        self._status = status
        self._replayed = replayed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        fields = [(b"content-length", str(len(self._body)).encode()), _JSON]
        if self._replayed:
            fields.insert(0, _REPLAYED)
        await send({"type": "http.response.start", "status": self._status, "headers": fields})
        await send({"type": "http.response.body", "body": self._body})


class FastPath:
    """Innermost layer before the routes: answers plain postings and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.reader = Reader()
        self.doors: dict[str, Callable[[Scope, bytes, Any, Caller], Awaitable[Answer | None]]] = {
            PATH: self._post_one,
            BATCH_PATH: self._post_many,
        }
        self.routes = {path: SimpleNamespace(path=path) for path in self.doors}
        """Name of the door in the metrics, like a route of the framework."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        caller = await self._caller(scope)
        if caller is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = self.routes[scope["path"]]
        messages: list[Message] = []
        answer: ASGIApp | None
        try:
            while not messages or messages[-1].get("more_body"):
                messages.append(await receive())
            body = b"".join([message.get("body", b"") for message in messages])
            answer = await self._answer(scope, body, caller)
        except Refusal as refusal:
            answer = refused(Request(scope), refusal)
        except FAILURES as error:  # the framework's handlers lie further in
            answer = await failed(Request(scope), error)
        if answer is None:
            await self.app(scope, _again(messages, receive), send)
        else:
            await answer(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller | None:
        """Verify the sender of a request for one of the two doors with plain headers; None for
        any other request."""
        if scope["type"] != "http" or scope["path"] not in self.doors or scope["method"] != "POST":
            return None
        headers = dict(scope["headers"])
        if scope["query_string"] or not _KEY.fullmatch(headers.get(b"idempotency-key", b"-")):
            return None
        if headers.get(b"content-type") != b"application/json":
            return None
        try:
            caller = await caller_of(scope, money=True)
        except (BadToken, IdentityUnavailable):
            return None
        if not caller.may(Right.POST_VOUCHER):
            return None
        return None if caller.subject == OWN else caller

    async def _answer(self, scope: Scope, body: bytes, caller: Caller) -> Answer | None:
        if not scope["app"].state.books.is_open:
            return None
        try:
            message = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        return await self.doors[scope["path"]](scope, body, message, caller)

    async def _post_one(
        self, scope: Scope, body: bytes, message: Any, caller: Caller
    ) -> Answer | None:
        books: Books = scope["app"].state.books
        draft = self.reader.draft(message, caller.subject, books.slots, caller.role.value)
        if draft is None or not is_plain(body, message, colons_in(message)):
            return None
        booked = voucher_flow.booked((await books.post([draft]))[0])
        answer = posted_json(draft.event_id, booked)
        return Answer(answer, 200 if booked.replayed else 201, replayed=booked.replayed)

    async def _post_many(
        self, scope: Scope, body: bytes, message: Any, caller: Caller
    ) -> Answer | None:
        books: Books = scope["app"].state.books
        atomic = type(message) is dict and message.get("atomic", False)
        if type(atomic) is not bool or type(message) is not dict or message.keys() - _BATCH_MEMBERS:
            return None
        vouchers: Any = message.get("vouchers")
        drafts = await self._drafts(vouchers, caller, books.slots)
        if drafts is None:
            return None
        if not is_plain(body, message, len(message) + sum(map(colons_in, vouchers))):
            return None
        outcomes = await books.post(drafts, atomic=atomic)
        request = Request(scope)
        return Answer(batch_json(drafts, outcomes, lambda refusal: problem_of(request, refusal)))

    async def _drafts(
        self, vouchers: Any, caller: Caller, slots: SlotMap
    ) -> Sequence[Draft] | None:
        if type(vouchers) is not list or not 1 <= len(vouchers) <= VOUCHERS_MAX:
            return None
        drafts: list[Draft] = []
        for one in vouchers:
            draft = self.reader.draft(one, caller.subject, slots, caller.role.value)
            if draft is None:
                return None
            drafts.append(draft)
            if len(drafts) % BREATH == 0:
                await asyncio.sleep(0)
        return drafts


def _again(messages: Sequence[Message], receive: Receive) -> Receive:
    """Replay the messages that were read already, then go on receiving."""
    read = iter(messages)

    async def again() -> Message:
        for message in read:
            return message
        return await receive()

    return again
