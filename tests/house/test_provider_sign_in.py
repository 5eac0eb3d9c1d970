"""People sign in at the site's own OpenID provider: in the browser, and for a command.

Provider, identity and console are processes; the test is the browser.
"""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from services.cli import sign_in
from services.embedded.guard import python_command
from services.supervisor.ports import free_port
from tests.house.conftest import Wuxian, until
from tests.house.support import serving
from tests.identity.support.provider import CLIENT, LI, SECRET

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]
ROOT = Path(__file__).parents[2]
HEAD = "name,role,district,display,organisation,person,units,provider_subject\n"


@pytest.fixture
def provider(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """A provider as a process; the settings that name it, and the console that it sends people to."""
    port, console = free_port(), free_port()
    back = f"http://127.0.0.1:{console}/provider-return"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.identity.support.provider", str(port), back], cwd=ROOT
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/keys", trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        assert until(answers, 30)
        yield environment | {
            "WUXIAN_OIDC_ISSUER": url,
            "WUXIAN_OIDC_CLIENT_ID": CLIENT,
            "WUXIAN_OIDC_CLIENT_SECRET": SECRET,
            "WUXIAN_OIDC_COMMANDS": "true",
            "WUXIAN_CONSOLE_PORT": str(console),
        }
    finally:
        process.kill()
        process.wait()


def follow(browser: httpx.Client, url: str) -> httpx.Response:
    """Open an address as a browser does, with every redirect."""
    return browser.get(url, follow_redirects=True)


def command_signed_in(browser: httpx.Client, environment: dict[str, str]) -> str:
    """Run `wuxian sign-in --provider`, be its browser; the token that it prints."""
    process = subprocess.Popen(
        python_command("services.cli", "sign-in", "--provider"),
        env=environment | {"BROWSER": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        address = next(line.strip() for line in lines if line.startswith("http"))
        stray = re.sub(r"state=[^&]*", "state=guessed", address)
        assert follow(browser, stray).status_code == 404, "a state that it did not send"
        assert follow(browser, address).status_code == 200
        token, said = process.communicate(timeout=30)
        assert process.returncode == 0, said
        return token.strip()
    finally:
        process.kill()
        process.communicate()


def test_a_silent_connection_does_not_keep_a_command_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sign_in._Return.timeout == 5
    with sign_in._Waiting(0) as waiting:
        waiting.state, port = "ours", waiting.server_port
        with monkeypatch.context() as hurried:
            hurried.setattr(sign_in._Return, "timeout", 0.05)
            with socket.create_connection(("127.0.0.1", port)):
                waiting.handle_request()  # gives up on it
        monkeypatch.setattr(waiting, "timeout", 30)  # a busy machine may be slow to connect
        serving_one = threading.Thread(target=waiting.handle_request)
        serving_one.start()
        back = f"http://127.0.0.1:{port}/?state=ours&code=c"
        assert httpx.get(back, trust_env=False, timeout=30).status_code == 200
        serving_one.join()
        assert waiting.found == {"state": "ours", "code": "c"}


def test_a_person_signs_in_at_the_provider(
    wuxian: Wuxian, provider: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    file, keys = tmp_path / "people.csv", str(tmp_path / "keys")
    file.write_text(HEAD + "li.ming,supervisor,,李明,,,,\n", encoding="utf-8")
    at = ("--database-url", database_url)
    imported = wuxian("users", "import", str(file), "--secrets", keys, *at)
    assert imported.returncode == 0, imported.stderr
    with serving(["identity", *at], provider) as identity:
        own = provider | {"WUXIAN_IDENTITY_URL": identity}
        port = int(own["WUXIAN_CONSOLE_PORT"])
        browsing = httpx.Client(trust_env=False, timeout=30)
        with serving(["console"], own, port) as url, browsing as browser:
            page = follow(browser, f"{url}/sign-in?next=/units")
            assert "/provider-sign-in?next=%2Funits" in page.text
            begin = f"{url}/provider-sign-in?next=/units"
            unknown = follow(browser, begin)
            assert urlsplit(str(unknown.url)).path == "/sign-in"
            assert LI in unknown.text, "an unknown person is told what to tell the administrator"
            linked = wuxian("users", "link", "li.ming", "--provider-subject", LI, *at)
            assert linked.returncode == 0, linked.stderr
            came = follow(browser, begin)
            assert urlsplit(str(came.url)).path == "/units", (
                "signed in, and where they wanted to go"
            )
            assert follow(browser, str(came.history[-1].url)).url.path == "/sign-in", "once"
            assert (
                "PROVIDER_ATTEMPT_UNKNOWN" in follow(browser, f"{url}/provider-return?state=x").text
            )
            assert follow(browser, begin).url.path == "/units"
            left = browser.post(f"{url}/sign-out", follow_redirects=True)
            assert "/provider-sign-out" in left.text
            out = browser.get(f"{url}/provider-sign-out")
            assert out.headers["location"].startswith(f"{provider['WUXIAN_OIDC_ISSUER']}/logout?")
            assert follow(browser, f"{url}/units").url.path == "/sign-in"
            assert command_signed_in(browser, own).count(".") == 2
