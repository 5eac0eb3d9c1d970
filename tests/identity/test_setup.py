"""Set-up: an earlier registry is taken over with its secrets; a second start changes nothing."""

import hashlib
import json
from pathlib import Path

from services.identity.app import build
from shared.roles import Role
from shared.security.identity import Identity, create
from shared.security.sandbox import make_secrets, names_of
from tests.conftest import ClientOf, SettingsFor
from tests.identity.support.desk import Desk

ROWS = [
    ("bank_gateway", "bank_gateway", "centre"),
    ("district_clerk.heping", "district_clerk", "heping"),
    ("collection_service", "collection_service", "centre"),
    ("payout_service", "payout_service", "centre"),
]


def earlier_directory(directory: Path) -> None:
    """Write a directory as the release before the identity service did."""
    directory.mkdir()
    (directory / "pepper").write_text("11" * 32)
    (directory / "field_key").write_text("22" * 32)
    (directory / "signing.jwk").write_text("{}")
    own = {
        "collection_service": "secret-collection_service",
        "payout_service": "secret-payout_service",
    }
    (directory / "services.json").write_text(json.dumps(own))
    rows = [
        {
            "client_id": name,
            "role": role,
            "district": district,
            "secret_sha256": hashlib.sha256(f"secret-{name}".encode()).hexdigest(),
        }
        for name, role, district in ROWS
    ]
    (directory / "principals.json").write_text(json.dumps(rows))


async def test_an_earlier_registry_is_taken_over_with_its_secrets(
    settings_for: SettingsFor, client_of: ClientOf, tmp_path: Path
) -> None:
    directory = tmp_path / "identity"
    earlier_directory(directory)
    create(directory)
    assert Identity.load(directory).pepper == bytes.fromhex("11" * 32)
    assert make_secrets(directory, ["heping"]) == {}, "its people have their secrets already"
    settings = settings_for(identity_dir=directory, identity_keys_dir=tmp_path / "keys")
    for _ in range(2):
        app = build(settings)
        async with client_of(app) as client:
            desk = Desk(app, client)
            for name, _, _ in ROWS:
                answer = await desk.ask(name, f"secret-{name}")
                assert answer.status_code == 200, (name, answer.text)
                assert (await desk.ask(name, "wrong")).status_code == 401
    rows = json.loads((directory / "principals.json").read_text())
    assert len(rows) == len(ROWS), "an earlier release must still find its registry"


async def test_another_sealing_key_only_ends_the_tokens(
    settings_for: SettingsFor, client_of: ClientOf, tmp_path: Path
) -> None:
    tokens = []
    for keys in ("one", "two"):
        app = build(settings_for(identity_keys_dir=tmp_path / keys))
        async with client_of(app) as client:
            desk = Desk(app, client)
            secret = Identity.load(app.state.settings.identity_path).secret_of("payout_service")
            tokens.append(await desk.token("payout_service", secret))
            assert (await desk.admit(tokens[-1], "ledger")).role is Role.PAYOUT_SERVICE


def test_the_sandboxs_secrets_are_made_once(tmp_path: Path) -> None:
    create(tmp_path)
    made = make_secrets(tmp_path, ["heping"])
    assert set(made) == set(names_of(["heping"]))
    assert make_secrets(tmp_path, ["heping"]) == made
    (tmp_path / "secrets.json").unlink()
    assert make_secrets(tmp_path, ["heping"]) == {}


def test_no_sandbox_without_districts(tmp_path: Path) -> None:
    create(tmp_path)
    assert make_secrets(tmp_path, []) == {}


def test_a_key_that_is_there_is_never_written_again(tmp_path: Path) -> None:
    create(tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir() if path.name != "lock"}
    create(tmp_path)
    assert all((tmp_path / name).read_text() == text for name, text in before.items())
