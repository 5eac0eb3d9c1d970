"""Sign-in: password and one-time code, throttling, sessions that end with sign-out and disabling."""

import asyncio
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.credentials.flows import person as person_flow
from services.identity.principals import flows as principals_flow
from services.identity.principals.domain import Principal, PrincipalKind
from services.identity.sessions import flows as sessions_flow
from services.identity.sessions.domain import IDLE, LOCK_LONGEST
from shared import clock
from shared.guard import forwarded
from shared.roles import Role
from shared.security.tokens import BadToken
from tests.identity.support.desk import Desk

NEW = "correct horse battery"


class Person:
    """A person with a password and an authenticator app."""

    def __init__(self, desk: Desk, name: str, password: str, address: str) -> None:
        self.desk, self.name, self.password = desk, name, password
        self.totp = pyotp.TOTP(parse_qs(urlsplit(address).query)["secret"][0])
        self._step = 0

    def code(self) -> str:
        """A code that was not used yet and is good for ten seconds: the first such one."""
        self._step = max(self._step + 1, int(time.time() + 10) // 30 - 1)
        return self.totp.at(self._step * 30)

    async def sign_in(self, password: str | None = None, code: str | None = None) -> httpx.Response:
        body = {
            "name": self.name,
            "password": password or self.password,
            "code": code or self.code(),
        }
        return await self.desk.http.post("/v1/sessions", json=body)


async def a_person(desk: Desk, name: str, *, changed: bool = True) -> Person:
    await desk.add(Principal(name=name, kind=PrincipalKind.PERSON, role=Role.CENTRE_CASHIER))

    async def give(tx: AsyncConnection) -> tuple[str, str]:
        password = await person_flow.give_password(tx, name, by="admin")
        cipher = desk.app.state.cipher
        return password, await person_flow.give_factor(tx, name, cipher, by="admin")

    password, address = await desk.run(give)
    person = Person(desk, name, password, address)
    if changed:
        answer = await desk.http.post(
            "/v1/passwords",
            json={
                "name": name,
                "password": password,
                "code": person.code(),
                "new_password": NEW,
            },
        )
        assert answer.status_code == 204, answer.text
        person.password = NEW
    return person


async def test_a_person_signs_in_works_and_signs_out(desk: Desk) -> None:
    li = await a_person(desk, "li.ming")
    opened = await li.sign_in()
    assert opened.status_code == 201, opened.text
    assert opened.headers["cache-control"] == "no-store"
    session = {"session": opened.json()["session"]}
    given = await desk.http.post("/v1/session-tokens", json=session)
    assert given.status_code == 200
    token = given.json()["access_token"]
    caller = await desk.admit(token, "payout")
    assert (caller.subject, caller.role) == ("li.ming", Role.CENTRE_CASHIER)
    for _ in range(2):
        assert (await desk.http.post("/v1/session-ends", json=session)).status_code == 204
    assert (await desk.http.post("/v1/session-tokens", json=session)).status_code == 401
    with pytest.raises(BadToken):
        await desk.admit(token, "payout")


async def test_a_first_password_must_be_changed(desk: Desk) -> None:
    wang = await a_person(desk, "wang", changed=False)
    answer = await wang.sign_in()
    assert (answer.status_code, answer.json()["code"]) == (403, "PASSWORD_MUST_CHANGE")


@pytest.mark.parametrize("new", ["short", "aaaaaaaaaaaaaaaa", "zhao-in-my-password", "x" * 129])
async def test_an_unfit_password_is_refused(desk: Desk, new: str) -> None:
    body = {"name": "zhao", "password": "x", "code": "000000", "new_password": new}
    answer = await desk.http.post("/v1/passwords", json=body)
    assert answer.status_code == 422


async def test_the_refusal_does_not_tell_what_was_wrong(desk: Desk) -> None:
    sun = await a_person(desk, "sun")
    nobody = Person(desk, "nobody-at-all", "x", f"otpauth://totp/x?secret={pyotp.random_base32()}")
    answers = [
        await sun.sign_in(password="wrong password"),
        await sun.sign_in(code="000000" if sun.totp.now() != "000000" else "000001"),
        await nobody.sign_in(),
    ]
    details = {(answer.status_code, answer.json()["detail"]) for answer in answers}
    assert len(details) == 1
    assert details.pop()[0] == 401


async def test_a_code_is_used_once(desk: Desk) -> None:
    qian = await a_person(desk, "qian")
    code = qian.code()
    assert (await qian.sign_in(code=code)).status_code == 201
    assert (await qian.sign_in(code=code)).status_code == 401


async def test_guessing_is_locked_out_even_when_all_guess_at_once(desk: Desk) -> None:
    zhou = await a_person(desk, "zhou")
    answers = await asyncio.gather(*[zhou.sign_in(password=f"guess {n}") for n in range(12)])
    codes = [answer.json()["code"] for answer in answers]
    assert codes.count("SIGN_IN_REFUSED") <= 5
    assert codes.count("SIGN_IN_LOCKED") >= 7
    right = await zhou.sign_in()
    assert right.json()["code"] == "SIGN_IN_LOCKED", "the right password does not help then"
    assert right.status_code == 429
    assert 1 <= int(right.headers["retry-after"]) <= LOCK_LONGEST.total_seconds()
    # Other spellings of the name are the same account.
    zhou.name = "ＺＨＯＵ"
    assert (await zhou.sign_in()).json()["code"] == "SIGN_IN_LOCKED"


async def test_failures_count_for_the_browser_that_the_console_names(desk: Desk) -> None:
    key = desk.app.state.settings.console_key_path
    forwarded.create(key)
    body = {"name": "nobody.here", "password": "wrong", "code": "000000"}
    for address in ("203.0.113.7", "2001:db8::7", "2001:db8::8"):
        told = forwarded.fields(key, address)
        assert (await desk.http.post("/v1/sessions", json=body, headers=told)).status_code == 401
    counted = await desk.rows(
        "SELECT subject, failures FROM attempt WHERE subject LIKE 'address:2%'"
    )
    assert {row["subject"]: row["failures"] for row in counted} == {
        "address:203.0.113.7": 1,
        "address:2001:db8::/64": 2,  # what one customer has
    }


async def test_disabling_a_person_ends_sessions_and_tokens(desk: Desk) -> None:
    wu = await a_person(desk, "wu")
    session = {"session": (await wu.sign_in()).json()["session"]}
    token = (await desk.http.post("/v1/session-tokens", json=session)).json()["access_token"]
    await desk.run(lambda tx: principals_flow.disable(tx, "wu", by="admin"))
    assert (await desk.http.post("/v1/session-tokens", json=session)).status_code == 401
    with pytest.raises(BadToken):
        await desk.admit(token, "payout")
    assert (await wu.sign_in()).status_code == 401


async def test_a_session_ends_when_nobody_uses_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    zheng = await a_person(desk, "zheng")
    session = {"session": (await zheng.sign_in()).json()["session"]}
    later = clock.now() + IDLE + timedelta(seconds=1)
    monkeypatch.setattr(sessions_flow.clock, "now", lambda: later)
    assert (await desk.http.post("/v1/session-tokens", json=session)).status_code == 401


async def test_passwords_and_seeds_are_not_in_the_database(desk: Desk) -> None:
    feng = await a_person(desk, "feng", changed=False)
    rows = await desk.rows(
        "SELECT value FROM credential WHERE principal = 'feng' AND ends_at IS NULL"
    )
    assert len(rows) == 2
    assert any(row["value"].startswith("$argon2id$") for row in rows)
    assert all(feng.password not in row["value"] for row in rows)
    assert all(feng.totp.secret not in row["value"] for row in rows)
