"""Sessions of signed-in people, in this process's memory only.

The browser has a signed cookie with a random id and nothing else; the session's secret and its
access tokens never leave the server and are never written down.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final
from weakref import WeakValueDictionary

import orjson

from services.console.words import Language
from shared import clock
from shared.roles import CENTRE, RIGHTS, Right, Role

IDLE_SECONDS: Final = 30 * 60.0
"""A page that draws itself anew must not keep the session of somebody who has gone home."""
RENEW_SECONDS: Final = 60.0
"""A token that ends sooner than this is renewed before it is used."""
CLAIM_SECONDS: Final = 60.0
"""Time within which a browser takes the new id of a session."""


@dataclass(slots=True, weakref_slot=True)
class Session:
    """A signed-in person. `secret` is what identity gives access tokens for."""

    secret: str
    name: str
    display: str
    role: Role
    district: str
    ends_at: datetime
    language: Language = "zh"
    is_by_provider: bool = False
    """The person last signed in at the site's OpenID provider, and does so again."""
    token: str = ""
    token_ends: float = 0.0
    """The moment of the monotonic clock from which the token no longer counts."""
    acted_at: float = field(default_factory=time.monotonic)
    """When the person last opened a page, by the monotonic clock."""
    is_ended: bool = False
    """Signed out, or another person signed in at the same browser: open pages go no further."""
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while identity is asked for a token, so that the parts of a page ask once."""
    changes: int = 0
    """Times that the person's role or place has changed since signing in."""
    leave_id: Callable[[], str] = lambda: ""
    """Takes the session off the browser's id; the answer is the claim that brings it to a new one."""

    @classmethod
    def of(cls, answer: dict[str, Any], language: Language) -> Session:
        """Build the session from identity's answer to a sign-in."""
        return cls(
            secret=answer["session"],
            name=answer["name"],
            display=answer["display"] or answer["name"],
            role=Role(answer["role"]),
            district=answer["district"],
            ends_at=datetime.fromisoformat(answer["expires_at"]),
            language=language,
        )

    @property
    def is_of_centre(self) -> bool:
        """Return whether the person works for the whole city."""
        return self.district == CENTRE

    def may(self, *rights: Right) -> bool:
        """Return whether the role has one of these rights; the services decide in the end."""
        return not rights or any(right in RIGHTS[self.role] for right in rights)

    def is_idle(self) -> bool:
        """Return whether the person has left the page alone for so long that it draws no more."""
        return time.monotonic() - self.acted_at > IDLE_SECONDS

    def has_token(self) -> bool:
        """Return whether the token may still be used."""
        return bool(self.token) and time.monotonic() < self.token_ends - RENEW_SECONDS

    def renew(self, answer: dict[str, Any], *, is_by_provider: bool = False) -> str:
        """Go on under a new session of the same person, who has signed in again.

        Returns:
            The claim with which the browser takes its new id.
        """
        self.secret, self.token = answer["session"], ""
        self.is_by_provider = is_by_provider
        self._take_place(answer)
        self.ends_at = datetime.fromisoformat(answer["expires_at"])
        return self.leave_id()

    def keep_token(self, answer: dict[str, Any]) -> str:
        """Keep a new token and return it. It names the role and the place that the person has now."""
        self.token = answer["access_token"]
        self.token_ends = time.monotonic() + float(answer["expires_in"])
        self._take_place(_claims(self.token))
        return self.token

    def _take_place(self, of: Mapping[str, Any]) -> None:
        role = Role(of.get("role", self.role))
        district = of.get("district") or self.district
        if (role, district) != (self.role, self.district):
            self.role, self.district = role, district
            self.changes += 1


def _claims(token: str) -> dict[str, Any]:
    """Return what identity has written into a token; the services verify it, not the console."""
    try:
        part = token.split(".")[1]
        found = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class Sessions:
    """The open sessions by the id in the browser's cookie. Every sign-in gives a new id."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}
        self._shown: WeakValueDictionary[str, Session] = WeakValueDictionary()
        """Ended sessions too, while a page of theirs is open somewhere."""
        self._claims: dict[str, tuple[Session, str, float]] = {}
        """Sessions that wait for their browser to take a new id: the session, the browser's old id,
        and the moment of the monotonic clock at which the claim ends."""

    def find(self, cookie_id: str | None) -> Session | None:
        """Return the session of a browser, if there is one that has not ended."""
        found = self._open.get(cookie_id or "")
        return None if found is None or found.ends_at <= clock.now() else found

    def open(self, cookie_id: str, session: Session) -> None:
        """Keep a new session; those that have ended are forgotten."""
        now = clock.now()
        self._open = {key: one for key, one in self._open.items() if one.ends_at > now}
        self._open[cookie_id] = self._shown[cookie_id] = session
        session.leave_id = partial(self._leave, cookie_id, session)

    def renew(self, cookie_id: str, answer: dict[str, Any], new_id: str) -> str | None:
        """Go on under a new session of a person who came back from the provider.

        Their open pages hold the session itself and go on. The browser's old id finds nothing any
        more, so that a copy of its cookie is worth nothing.

        Returns:
            The old session's secret, None where no page of this person is open.
        """
        found = self._shown.get(cookie_id)
        if found is None or found.is_ended or found.name != answer["name"]:
            return None
        before = found.secret
        self.claim(found.renew(answer, is_by_provider=True), cookie_id, new_id)
        return before

    def _leave(self, cookie_id: str, session: Session) -> str:
        """Forget the old id of a session and return the claim with which its browser takes a new one."""
        self._open.pop(cookie_id, None)
        now, claim = time.monotonic(), secrets.token_urlsafe(32)
        self._claims = {key: one for key, one in self._claims.items() if one[2] > now}
        self._claims[claim] = session, cookie_id, now + CLAIM_SECONDS
        return claim

    def claim(self, claim: str, cookie_id: str, new_id: str) -> bool:
        """Open a session under its browser's new id; a claim counts once, and not for long."""
        session, left, until = self._claims.pop(claim, (None, "", 0.0))
        if session is None or session.is_ended or left != cookie_id or until <= time.monotonic():
            return False
        self._shown.pop(left, None)
        self.open(new_id, session)
        return True

    def end(self, cookie_id: str) -> Session | None:
        """Forget a session and return it; pages that are still open can do nothing more."""
        ended = self._open.pop(cookie_id, None) or self._shown.pop(cookie_id, None)
        if ended is not None:
            ended.is_ended, ended.token = True, ""
        return ended

    def __len__(self) -> int:
        return len(self._open)
