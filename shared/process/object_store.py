"""Backups in an S3-compatible store (`s3://bucket/prefix`), by the obstore library.

The endpoint and the credentials come from the usual variables: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION; AWS_ALLOW_HTTP=true for a store without TLS inside the house.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


class StoreError(OSError):
    """The store does not answer or refuses; the text says which and why."""


def is_remote(address: str) -> bool:
    """Return whether an address names a store rather than a directory."""
    return "://" in address


def backups(address: str) -> list[str]:
    """Return the names of the backups in a store, oldest first."""
    found = _asked(address, lambda obstore, store: obstore.list_with_delimiter(store))
    names = [str(prefix).rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"]]
    return sorted(name for name in names if name.startswith("wuxian-"))


def read(address: str, name: str) -> bytes:
    """Return a small object."""
    found: bytes = _asked(address, lambda obstore, store: bytes(obstore.get(store, name).bytes()))
    return found


def upload(directory: Path, address: str, progress: Callable[[int], None]) -> str:
    """Copy a backup into a store, the manifest last, and compare each digest; its address."""
    files = sorted(directory.iterdir(), key=lambda file: file.name == MANIFEST)

    def work(obstore: Any, store: Any) -> None:
        for file in files:
            path = f"{directory.name}/{file.name}"
            obstore.put(store, path, file)
            if _digest(obstore, store, path, progress) != _file_digest(file):
                raise StoreError(0, f"{path} arrived changed", address)

    _asked(address, work)
    return f"{address.rstrip('/')}/{directory.name}"


def download(address: str, name: str, place: Path, progress: Callable[[int], None]) -> Path:
    """Copy a backup out of a store; its directory."""
    target = place / name
    target.mkdir(parents=True, mode=0o700)

    def work(obstore: Any, store: Any) -> None:
        for found in obstore.list_with_delimiter(store, name)["objects"]:
            file = str(found["path"]).rpartition("/")[2]
            with (target / file).open("wb") as stream:
                for piece in obstore.get(store, f"{name}/{file}").stream():
                    stream.write(piece)
                    progress(len(piece))

    _asked(address, work)
    return target


def digest(address: str, path: str, progress: Callable[[int], None]) -> str:
    """Return the SHA-256 of an object as the store gives it back."""
    found: str = _asked(address, lambda obstore, store: _digest(obstore, store, path, progress))
    return found


def remove(address: str, name: str) -> None:
    """Remove a backup, its manifest first: without it, it is none."""

    def work(obstore: Any, store: Any) -> None:
        paths = [str(one["path"]) for one in obstore.list_with_delimiter(store, name)["objects"]]
        for path in sorted(paths, key=lambda path: not path.endswith(f"/{MANIFEST}")):
            obstore.delete(store, path)

    _asked(address, work)


def _digest(obstore: Any, store: Any, path: str, progress: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    for piece in obstore.get(store, path).stream():
        digest.update(piece)
        progress(len(piece))
    return digest.hexdigest()


def _file_digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _asked(address: str, work: Callable[[Any, Any], Any]) -> Any:
    try:
        import obstore
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise StoreError(0, "install wuxian[s3] to reach it", address) from None
    patience: dict[str, Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
    given = {} if address.startswith("file:") else {"retry_config": patience}
    try:
        return work(obstore, from_url(address, **given))
    except BaseError as error:
        raise StoreError(0, str(error).splitlines()[0][:300], address) from None
