"""A service started as a process of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from services.embedded.guard import python_command
from services.supervisor.ports import free_port
from tests.house.conftest import until


@contextmanager
def serving(
    words: list[str], environment: dict[str, str], port: int | None = None
) -> Iterator[str]:
    """A service as a process of its own; gives its address once it is ready."""
    port = port or free_port()
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
