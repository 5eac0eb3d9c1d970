"""TLS by settings: services speak https to each other, and with mTLS to known clients only."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trustme

from services.supervisor import Supervisor
from shared.process.settings import Settings
from tests.house.conftest import until
from tests.house.passwords import keep_passwords

SERVICES = ("identity", "ledger", "collection")
pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]


@dataclass(frozen=True)
class Files:
    """An authority of our own, and a certificate of the services signed by it."""

    authority: Path
    cert: Path
    stranger: Path
    """A certificate that another authority signed."""
    secrets: Path
    """Passwords and keys that go with the database, whichever home it is served from."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    place = tmp_path_factory.mktemp("tls")
    ours, others = trustme.CA(), trustme.CA()
    pems = [place / f"{name}.pem" for name in ("ca", "services", "stranger")]
    found = Files(*pems, secrets=place / "secrets")
    keep_passwords(found.secrets)
    ours.cert_pem.write_to_path(str(found.authority))
    ours.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(
        str(found.cert)
    )
    others.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(found.stranger))
    return found


def client(files: Files, cert: Path | None) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=files.authority)
    if cert is not None:
        context.load_cert_chain(cert)
    return httpx.AsyncClient(verify=context, trust_env=False, timeout=10)


@pytest.fixture(params=[False, True], ids=["tls", "mtls"])
def settings(
    request: pytest.FixtureRequest,
    files: Files,
    database_url: str,
    identity_dir: Path,
    tmp_path: Path,
) -> Settings:
    return Settings(
        home=tmp_path,
        admin_database_url=database_url,
        identity_dir=identity_dir,
        database_secrets_dir=files.secrets,
        tls_cert=files.cert,
        tls_peer_ca=files.authority,
        tls_client_ca=files.authority if request.param else None,
    )


async def test_services_speak_https_to_each_other(settings: Settings, files: Files) -> None:
    lines: list[tuple[str, str]] = []
    supervisor = Supervisor(
        settings,
        services=SERVICES,
        ports=dict.fromkeys((*SERVICES, "payout", "sandbox"), 0),
        on_log=lambda name, line: lines.append((name, line)),
    )
    async with supervisor:
        url = supervisor.urls["ledger"]
        assert url.startswith("https://")

        def peer_was_answered() -> bool:
            return any(
                name == "ledger"
                and '"subject":"collection_service"' in line
                and '"status":200' in line
                for name, line in lines
            )

        assert await asyncio.to_thread(until, peer_was_answered), lines[-20:]
        async with client(files, files.cert) as known:
            answer = await known.get(f"{url}/healthz")
            assert answer.status_code == 200
            assert answer.headers["strict-transport-security"]
        async with client(files, None) as anonymous, client(files, files.stranger) as stranger:
            for other in (anonymous, stranger):
                if settings.tls_client_ca is None:
                    assert (await other.get(f"{url}/healthz")).status_code == 200
                else:
                    with pytest.raises(httpx.TransportError):
                        await other.get(f"{url}/healthz")
        async with httpx.AsyncClient(trust_env=False) as untrusting:
            with pytest.raises(httpx.ConnectError):
                await untrusting.get(f"{url}/healthz")
            with pytest.raises(httpx.TransportError):
                await untrusting.get(url.replace("https", "http") + "/healthz")
