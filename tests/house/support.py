"""A service started as a process of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from sqlalchemy.engine import make_url

from services.embedded.guard import python_command
from services.supervisor.ports import free_port
from shared.db import SERVICES
from shared.process.database_address import password_file
from tests.house.conftest import until

PASSWORDS = {service: f"secret of {service}'s" for service in SERVICES}
"""Passwords of the roles on the servers that all tests share: tests side by side need the same."""


def as_role(url: str, role: str, password: str) -> str:
    """Return an address with another login."""
    changed = make_url(url).set(username=role, password=password)
    return changed.render_as_string(hide_password=False)


def keep_passwords(secrets: Path) -> None:
    """Write these passwords where an installation on a shared server looks for them."""
    for service, password in PASSWORDS.items():
        file = password_file(secrets, service)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(password)


@contextmanager
def serving(words: list[str], environment: dict[str, str]) -> Iterator[str]:
    """A service as a process of its own; gives its address once it is ready."""
    port = free_port()
    process = subprocess.Popen(
        python_command("services.cli", "serve", *words, "--port", str(port)),
        env=environment | {"WUXIAN_ALLOW_ADMIN_LOGIN": "true"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert process.poll() is None, process.stderr.read()
        try:
            return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    try:
        assert until(ready, 60)
        yield url
        process.terminate()
        assert process.wait(20) in {0, -15}
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
