"""Sign-in of people: refusals, how long a session lasts, and when guessing is locked out."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.errors import Kind, Refusal

IDLE: Final = timedelta(minutes=30)
"""A session that nobody uses ends after this time."""
LONGEST: Final = timedelta(hours=12)
"""A session ends after this time in any case."""
ACCOUNT_FREE: Final = 5
"""Failures of an account before it is locked."""
ADDRESS_FREE: Final = 30
"""Failures from an address before it is locked: many people may sit behind one."""
LOCK_FIRST: Final = timedelta(minutes=1)
LOCK_LONGEST: Final = timedelta(minutes=15)


class SignInRefused(Refusal):
    """姓名、密码或动态码错误,或账号已停用 (wrong name, password or code, or a disabled account)"""

    kind = Kind.UNAUTHENTICATED
    code = "SIGN_IN_REFUSED"


class SignInLocked(Refusal):
    """失败次数过多,请稍后再试 (too many failures; try again later)"""

    kind = Kind.TOO_MANY
    code = "SIGN_IN_LOCKED"

    def __init__(self, seconds: int) -> None:
        super().__init__(retry_after=seconds)
        self.retry_after = seconds


class PasswordMustChange(Refusal):
    """初始密码须先修改:POST /v1/passwords (a first password must be changed: POST /v1/passwords)"""

    kind = Kind.FORBIDDEN
    code = "PASSWORD_MUST_CHANGE"


class SessionEnded(Refusal):
    """会话不存在或已结束,请重新登录 (no such session, or it has ended; sign in again)"""

    kind = Kind.UNAUTHENTICATED
    code = "SESSION_ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person's session. Its secret is known to the console alone; we keep a hash."""

    sid: str
    principal: str
    version: int
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Tell whether it is in use: not ended, not too old, not idle for too long."""
        return self.ended_at is None and now < self.expires_at and now < self.seen_at + IDLE


def new_secret() -> str:
    """Make a session's secret: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """Make a session's public id, which its tokens carry."""
    return secrets.token_urlsafe(16)


def hash_of(secret: str) -> str:
    """Return the stored form of a session's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def locked_for(failures: int, free: int) -> timedelta | None:
    """Return how long a further attempt is locked out; each failure doubles it."""
    over = failures - free
    if over < 0:
        return None
    return min(LOCK_FIRST * (1 << min(over, 10)), LOCK_LONGEST)
