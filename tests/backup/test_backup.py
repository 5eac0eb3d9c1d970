"""Backups: sealed so that no byte can be changed unseen, restored only with their own keys."""

import io
import json
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.backup import copies
from services.backup.keys import KeyPlaces
from services.backup.manifest import DUMP, BackupError, Manifest, check_files
from services.backup.restore import newest, restore
from services.backup.sealed import CHUNK_BYTES, BackupKeys, SealBroken, SealedWriter, opened
from services.backup.take import take
from services.supervisor.ports import free_port
from shared import clock
from shared.process import backup_age
from shared.security.identity import create
from tests.conftest import database_on
from tests.house.passwords import PASSWORDS

PASSPHRASE = b"correct horse battery staple"
KEYS = BackupKeys.derive(PASSPHRASE, bytes(16))


def sealed(plain: bytes, name: str = "a") -> bytes:
    raw = io.BytesIO()
    writer = SealedWriter(raw, KEYS, name)
    for start in range(0, len(plain), 300_000):
        writer.write(plain[start : start + 300_000])
    writer.finish()
    return raw.getvalue()


def unsealed(text: bytes, name: str = "a") -> bytes:
    return b"".join(opened(io.BytesIO(text), KEYS, name))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3_000_000])
def test_a_file_of_any_size_opens_as_it_was(size: int) -> None:
    plain = bytes(range(256)) * (size // 256 + 1)
    assert unsealed(sealed(plain[:size])) == plain[:size]


def test_a_changed_cut_moved_or_renamed_file_does_not_open() -> None:
    text = sealed(b"x" * (2 * CHUNK_BYTES + 5))
    chunk, head = CHUNK_BYTES + 16, 15
    pieces = [text[head : head + chunk], text[head + chunk : head + 2 * chunk]]
    tail = text[head + 2 * chunk :]
    broken = {
        "changed": text[:100] + bytes([text[100] ^ 1]) + text[101:],
        "cut off at a chunk": text[: head + 2 * chunk],
        "cut off within one": text[:-3],
        "moved": text[:head] + pieces[1] + pieces[0] + tail,
        "left out": text[:head] + pieces[1] + tail,
        "no file of ours": b"PGDMP" + text,
    }
    for bytes_of_it in broken.values():
        with pytest.raises(SealBroken):
            unsealed(bytes_of_it)
    with pytest.raises(SealBroken):
        unsealed(text, "b")


def places(directory: Path) -> KeyPlaces:
    """The places of keys of a test's installation."""
    return KeyPlaces(directory, directory / "identity-keys")


@pytest.fixture(scope="module")
def backup(database_url: str, identity_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of an empty installation, with its keys."""
    return take(database_url, places(identity_dir), tmp_path_factory.mktemp("site"), PASSPHRASE)


@pytest.fixture
def own(backup: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(backup, tmp_path / "copy" / backup.name))


@pytest.fixture
async def empty_url(server_url: str) -> AsyncIterator[str]:
    async with database_on(server_url) as url:
        yield url


def restored(backup: Path, identity: Path, url: str, passphrase: bytes = PASSPHRASE) -> object:
    return restore(backup, places(identity), url, passphrase, PASSWORDS, renew=False)


def test_a_backup_restores_with_its_keys_and_its_books_hold(
    backup: Path, identity_dir: Path, empty_url: str, tmp_path: Path
) -> None:
    found = restore(
        backup, places(tmp_path / "keys"), empty_url, PASSPHRASE, PASSWORDS, renew=False
    )
    assert found.faults == []
    for name in ("pepper", "field_key", "services.json"):
        assert (tmp_path / "keys" / name).read_bytes() == (identity_dir / name).read_bytes()
        assert (tmp_path / "keys" / name).stat().st_mode & 0o077 == 0
    with pytest.raises(BackupError, match="already has collection, identity, ledger, payout"):
        restored(backup, tmp_path / "keys", empty_url)


def test_a_restore_with_other_keys_is_refused_in_one_sentence(
    backup: Path, empty_url: str, tmp_path: Path
) -> None:
    create(tmp_path / "others")
    with pytest.raises(BackupError, match="made with another pepper and field_key") as refused:
        restored(backup, tmp_path / "others", empty_url)
    assert "\n" not in str(refused.value)


def test_a_backup_without_keys_asks_for_them(
    database_url: str, identity_dir: Path, empty_url: str, tmp_path: Path
) -> None:
    made = take(database_url, places(identity_dir), tmp_path, PASSPHRASE, with_keys=False)
    with pytest.raises(BackupError, match="only the keys' fingerprints"):
        restored(made, tmp_path / "keys", empty_url)
    shutil.copytree(identity_dir, tmp_path / "keys")
    assert restored(made, tmp_path / "keys", empty_url)


def test_another_passphrase_and_a_changed_file_are_refused_before_anything_is_made(
    own: Path, empty_url: str, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="passphrase does not fit"):
        restored(own, tmp_path / "keys", empty_url, b"another passphrase")
    dump = own / DUMP
    dump.write_bytes(dump.read_bytes()[:-1] + b"!")
    with pytest.raises(BackupError, match="was changed"):
        restored(own, tmp_path / "keys", empty_url)
    text = (own / "manifest.json").read_text()
    (own / "manifest.json").write_text(text.replace('"release": "', '"release": "9'))
    with pytest.raises(BackupError, match="its manifest was changed"):
        restored(own, tmp_path / "keys", empty_url)
    assert not (tmp_path / "keys").exists()


def test_nobody_reads_a_name_in_a_backup(backup: Path) -> None:
    for file in backup.iterdir():
        assert b"CREATE TABLE" not in file.read_bytes()
    manifest = Manifest.read(backup)
    check_files(backup, manifest)
    assert set(manifest.key_fingerprints) == {"pepper", "field_key"}


def test_copies_stand_at_every_site_and_a_lost_site_is_named(own: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a directory should be")
    sites = {"lost": str(blocked), "one": str(own.parent), "two": str(tmp_path / "two")}
    made, failures = copies.to_first(sites, tmp_path / "staging", lambda place: place / own.name)
    assert set(failures) == {"lost"}
    (tmp_path / "two").mkdir()
    copied, more = copies.to_others(made, sites, lambda _: None)
    assert copied == [str(tmp_path / "two" / own.name)]
    assert set(more) == {"lost"}
    assert newest(tmp_path / "two") == Path(copied[0])


def test_a_site_tells_the_age_of_its_newest_backup(own: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sites = {"one": str(own.parent)} | {one: str(tmp_path / one) for one in ("empty", "gone")}
    ages = backup_age.ages(sites)
    assert ages["empty"] is ages["gone"] is None
    assert ages["one"] is not None
    assert 0 <= ages["one"] < 3600
    assert set(backup_age.warnings(sites, 26)) == {"backup empty", "backup gone"}
    manifest = json.loads((own / "manifest.json").read_text())
    manifest["made_at"] = (clock.now() - timedelta(hours=30)).isoformat()
    (own / "manifest.json").write_text(json.dumps(manifest))
    assert "30 hours old" in backup_age.warnings(sites, 26)["backup one"]


def test_a_store_keeps_a_copy_and_gives_it_back(own: Path, tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    (tmp_path / "store").mkdir()
    address = f"file://{tmp_path / 'store'}"  # the same code speaks to s3://
    assert backup_age.ages({"store": address}) == {"store": None}
    copied, failures = copies.to_others(own, {"store": address}, lambda _: None)
    assert (copied, failures) == ([f"{address}/{own.name}"], {})
    assert backup_age.ages({"store": address})["store"] is not None
    for source in (address, copied[0]):
        with copies.fetched(source, lambda _: None) as found:
            check_files(found, Manifest.read(found))
            assert found.name == own.name


def test_a_store_that_does_not_answer_is_one_sentence(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore")
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "x",
    }.items():
        monkeypatch.setenv(name, value)
    copied, failures = copies.to_others(own, {"far": "s3://bucket/wuxian"}, lambda _: None)
    assert copied == []
    assert "s3://bucket/wuxian" in failures["far"]
    assert "\n" not in failures["far"]
