"""Trust: keys refreshed, revocation at once for money, and a known limit while identity is silent."""

from typing import Any

import pytest

from shared.roles import Caller, Role
from shared.security import trust as module
from shared.security.tokens import BadToken, mint, new_key, public_of
from shared.security.trust import IdentityUnavailable, Trust, digest_of

CALLER = Caller(subject="li", role=Role.CENTRE_CASHIER)


class FakeIdentity:
    """Identity as a function: it answers, or it does not."""

    def __init__(self) -> None:
        self.keys = [new_key()]
        self.revoked: dict[str, Any] = {}
        self.is_down = False
        self.times = 0

    async def __call__(self) -> dict[str, Any]:
        self.times += 1
        if self.is_down:
            raise ConnectionError("down")
        return {"keys": [public_of(key) for key in self.keys], "revoked": dict(self.revoked)}

    def token(self, **how: Any) -> str:
        return mint(self.keys[-1], CALLER, **{"audience": ("ledger",)} | how)


@pytest.fixture
def identity() -> FakeIdentity:
    return FakeIdentity()


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of trust; a test moves it."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


async def test_a_token_is_verified_once_and_remembered(
    identity: FakeIdentity, seconds: list[float]
) -> None:
    trust = Trust("ledger", identity)
    token = identity.token()
    for _ in range(3):
        caller = await trust.admit(token)
        assert (caller.subject, caller.role) == ("li", Role.CENTRE_CASHIER)
    assert identity.times == 1


async def test_a_new_key_is_asked_for_when_it_is_met(
    identity: FakeIdentity, seconds: list[float]
) -> None:
    trust = Trust("ledger", identity)
    await trust.admit(identity.token())
    identity.keys.append(new_key())
    seconds[0] += 2
    assert (await trust.admit(identity.token())).subject == "li"
    # Unknown keys do not make it ask more than once a second.
    times = identity.times
    for _ in range(5):
        with pytest.raises(BadToken):
            await trust.admit(mint(new_key(), CALLER, audience=("ledger",)))
    assert identity.times == times


async def test_a_new_signing_key_is_asked_for_though_a_sleep_ends_early(
    identity: FakeIdentity, seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(pause: float) -> None:
        seconds[0] += pause - 0.002

    trust = Trust("ledger", identity)
    await trust.refresh()
    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    assert await trust.message_key("bank_gateway", "not-there") is None
    assert identity.times == 2


@pytest.mark.parametrize("kind", ["tokens", "principals"])
async def test_money_sees_a_revocation_at_once_and_others_within_a_minute(
    identity: FakeIdentity, seconds: list[float], kind: str
) -> None:
    trust = Trust("ledger", identity)
    token = identity.token()
    await trust.admit(token, money=True)
    claims = module.read(token, {identity.keys[0].kid: identity.keys[0]}, "ledger")
    identity.revoked = {
        "tokens": {"tokens": [claims.token_id]},
        "principals": {"principals": {digest_of("li"): 2}},
    }[kind]
    seconds[0] += 1.5
    assert (await trust.admit(token)).subject == "li"
    with pytest.raises(BadToken):
        await trust.admit(token, money=True)
    with pytest.raises(BadToken):
        await trust.admit(token)


async def test_a_session_that_ended_ends_its_tokens(
    identity: FakeIdentity, seconds: list[float]
) -> None:
    trust = Trust("ledger", identity)
    token, other = identity.token(session="s1"), identity.token(session="s2")
    identity.revoked = {"sessions": ["s1"]}
    assert (await trust.admit(other)).subject == "li"
    with pytest.raises(BadToken):
        await trust.admit(token)


async def test_a_version_of_before_is_refused_a_newer_one_is_not(
    identity: FakeIdentity, seconds: list[float]
) -> None:
    trust = Trust("ledger", identity)
    identity.revoked = {"principals": {digest_of("li"): 2}}
    with pytest.raises(BadToken):
        await trust.admit(identity.token(version=1))
    assert (await trust.admit(identity.token(version=2))).subject == "li"


@pytest.mark.parametrize("money", [True, False])
async def test_without_identity_the_last_answer_counts_for_a_minute(
    identity: FakeIdentity, seconds: list[float], money: bool
) -> None:
    trust = Trust("ledger", identity)
    token = identity.token()
    await trust.admit(token)
    identity.is_down = True
    seconds[0] += 59
    assert (await trust.admit(token, money=money)).subject == "li"
    seconds[0] += 2
    with pytest.raises(IdentityUnavailable):
        await trust.admit(token, money=money)
    assert "ok" not in (await trust.check()).values()
    identity.is_down = False
    seconds[0] += 4
    assert (await trust.admit(token, money=money)).subject == "li"
    assert await trust.check() == {"identity": "ok"}


@pytest.mark.parametrize(
    "how", [{"audience": ("payout",)}, {"seconds": -1}, {"audience": ()}], ids=str
)
async def test_a_token_for_others_or_of_yesterday_is_refused(
    identity: FakeIdentity, how: dict[str, Any]
) -> None:
    with pytest.raises(BadToken):
        await Trust("ledger", identity).admit(identity.token(**how))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 100, "e30.e30.e30"])
async def test_noise_is_no_token(identity: FakeIdentity, token: str) -> None:
    with pytest.raises(BadToken):
        await Trust("ledger", identity).admit(token)


async def test_the_units_and_the_person_behind_a_client_are_told(identity: FakeIdentity) -> None:
    caller = Caller(
        subject="li",
        client="li-script",
        role=Role.EMPLOYER_PORTAL,
        units=frozenset({"91120101MA0000001F"}),
    )
    token = mint(identity.keys[0], caller, audience=("ledger",))
    assert await Trust("ledger", identity).admit(token) == caller


async def test_a_silent_identity_is_not_asked_by_every_request(
    identity: FakeIdentity, seconds: list[float]
) -> None:
    trust = Trust("ledger", identity)
    token = identity.token()
    await trust.admit(token, money=True)
    identity.is_down = True
    times = identity.times
    for _ in range(5):
        seconds[0] += 1.2
        await trust.admit(token, money=True)
    assert identity.times - times == 2
