"""`wuxian personal-data`: keys are counted, rotated and retired by an operator, in plain words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.security.identity import create
from tests.house.conftest import Wuxian

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]

Tell = Callable[..., Any]


@pytest.fixture
async def tell(wuxian: Wuxian, database_url: str, home: Path) -> Tell:
    """tell(*words) → the JSON that a command prints about a migrated database."""
    create(home / "identity")

    def run(*words: str, fails: int = 0, at: str = "--admin-url", **more: str) -> Any:
        done = wuxian(*words, "--json", at, database_url, **more)
        assert done.returncode == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout)

    return run


def test_identitys_secrets_move_to_a_key_of_sm4(tell: Tell) -> None:
    words = ("users", "add", "admin", "--role", "identity_admin")
    tell(*words, at="--database-url")
    tell("keys", "rotate", at="--database-url")
    own = ("--service", "identity")
    (first,) = tell("personal-data", "status", *own)
    assert (first["use"], first["values"]) == ("seals", 2)
    assert "rotate` first" in tell("personal-data", "seal", *own, fails=1)

    algorithm = {"WUXIAN_FIELD_ALGORITHM": "SM4-GCM"}
    (prepared,) = tell("personal-data", "rotate", "--prepare", *own, **algorithm)
    assert tell("personal-data", "status", *own)[0]["use"] == "seals"
    (made,) = tell("personal-data", "rotate", *own)
    assert made["key"] == prepared["key"]
    assert tell("personal-data", "seal", *own) == [{"service": "identity", "rows": 2}]
    assert tell("personal-data", "seal", *own) == [{"service": "identity", "rows": 0}]
    before, after = tell("personal-data", "status", *own)
    assert (before["use"], after["use"]) == ("unused", "seals")
    assert (after["algorithm"], after["values"]) == ("SM4-GCM", 2)
    assert len(tell("keys", "list", at="--database-url")) == 1
    retire = ("personal-data", "retire", first["key"], *own)
    assert "may be retired in 60 minutes" in tell(*retire, fails=1)
    assert "seals new values" in tell("personal-data", "retire", made["key"], *own, fails=1)


def test_all_services_are_rotated_and_an_unknown_one_is_refused(tell: Tell) -> None:
    made = tell("personal-data", "rotate")
    assert [row["service"] for row in made] == ["collection", "identity", "ledger", "payout"]
    assert len({row["key"] for row in made}) == 4, "each has a key of its own"
    own = ("--service", "collection", "--service", "payout")
    assert [row["rows"] for row in tell("personal-data", "seal", *own)] == [0, 0]
    assert "only collection, identity, ledger, payout" in tell(
        "personal-data", "status", "--service", "sandbox", fails=2
    )
