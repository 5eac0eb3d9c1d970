"""The command: what it prints, what it refuses, and a service by itself on any server."""

import json
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services import VERSION
from services.cli.common import advised
from services.embedded.guard import python_command
from services.migrate import migrate
from services.supervisor.ports import free_port
from shared.roles import Caller, Role
from tests.conftest import database_on
from tests.house.conftest import Wuxian
from tests.house.support import serving
from tests.issuer import Issuer

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]


def test_the_version_is_printed(wuxian: Wuxian) -> None:
    assert wuxian("version").stdout == f"wuxian {VERSION}\n"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("91530102MA6N00001", 0, "91530102MA6N00001P"),
        ("53010219880312001", 0, "530102198803120013"),
        ("530102198803120013", 0, "530102198803120013"),
        ("530102198803120014", 1, "must be 3"),
        ("91530102MA6N00001T", 1, "must be P"),
        ("91530102", 2, "17 or 18"),
        ("91530102MA6N0000I", 2, "17 or 18"),
    ],
)
def test_a_number_is_completed_and_checked(wuxian: Wuxian, text: str, code: int, says: str) -> None:
    done = wuxian("number", text)
    assert done.returncode == code
    assert says in (done.stderr if code else done.stdout)


def test_an_error_says_what_to_do_next() -> None:
    full = 'could not extend file "base/1": No space left on device\n'
    assert advised(full, "check --database-url").endswith(
        "the disk is full: free some space, or set WUXIAN_HOME to a directory on another"
    )
    assert advised("connection refused", "check it") == "connection refused; check it"
    assert advised("wrong") == "wrong"


def test_a_locale_without_chinese_shows_codes(environment: dict[str, str]) -> None:
    done = subprocess.run(
        python_command("services.cli", "number", "91530102MA6N00001"),
        env=environment | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "91530102MA6N00001P\n"
    assert "(credit code)" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--role", "district_clerk"),
        ("--role", "centre_auditor", "--district", "heping"),
        ("--role", "emperor"),
    ],
)
def test_a_token_for_nobody_is_refused(wuxian: Wuxian, words: tuple[str, ...]) -> None:
    assert wuxian("token", *words).returncode == 2


def test_the_database_has_commands_of_its_own(wuxian: Wuxian) -> None:
    assert wuxian("db", "start").returncode == 0
    status = json.loads(wuxian("db", "status", "--json").stdout)
    assert status["running"]
    assert f":{status['port']}/" in wuxian("db", "url").stdout
    assert wuxian("db", "stop").returncode == 0
    assert wuxian("db", "status").returncode == 1


def test_the_doctor_finds_nothing_wrong_with_a_new_home(wuxian: Wuxian) -> None:
    ports = {
        f"WUXIAN_{name.upper()}_PORT": str(free_port())
        for name in ("identity", "collection", "ledger", "payout", "console", "sandbox")
    }
    done = wuxian("doctor", "--json", **ports)
    assert json.loads(done.stdout)["ok"], done.stdout


def test_the_doctor_says_what_to_do_about_each_fault(wuxian: Wuxian) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = wuxian(
            "doctor",
            "--json",
            WUXIAN_LEDGER_PORT=str(taken.getsockname()[1]),
            WUXIAN_DATABASE_URL=f"postgresql://wuxian@127.0.0.1:{free_port()}/wuxian",
            WUXIAN_SANDBOX_DISTRICTS='["heping", "atlantis"]',
        )
    assert done.returncode == 1
    bad = {f["check"]: f["do"] for f in json.loads(done.stdout)["findings"] if not f["ok"]}
    assert "WUXIAN_LEDGER_PORT" in bad["port ledger"]
    assert "--database-url" in bad["database"]
    assert "WUXIAN_SANDBOX_DISTRICTS" in bad["sandbox districts"]


@pytest.mark.parametrize("command", ["doctor", "up", "serve"])
def test_a_region_that_is_not_there_is_named_with_those_that_are(
    wuxian: Wuxian, command: str
) -> None:
    words = [command, *(["ledger"] if command == "serve" else [])]
    done = wuxian(*words, WUXIAN_REGION="nowhere", WUXIAN_LEDGER_PORT=str(free_port()))
    assert done.returncode == 1
    assert "set WUXIAN_REGION to one of tianjin" in done.stdout + done.stderr


def test_an_unreachable_database_is_a_sentence_not_a_traceback(wuxian: Wuxian) -> None:
    url = f"postgresql://wuxian@127.0.0.1:{free_port()}/wuxian"
    done = wuxian("migrate", "--database-url", url)
    assert done.returncode == 1
    assert "--database-url" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_services_documents_are_the_same_each_time(wuxian: Wuxian, tmp_path: Path) -> None:
    assert wuxian("openapi", "--write", str(tmp_path)).returncode == 0
    for service in ("identity", "collection", "ledger", "payout"):
        committed = Path(__file__).parents[2] / "openapi" / f"{service}.json"
        assert (tmp_path / f"{service}.json").read_bytes() == committed.read_bytes()


@pytest.fixture
async def new_database_url(server_url: str) -> AsyncIterator[str]:
    """An empty database on the server of this run."""
    async with database_on(server_url) as url:
        yield url


@pytest.mark.parametrize("service", ["identity", "collection", "payout"])
def test_a_service_runs_alone_on_an_empty_database(
    new_database_url: str,
    environment: dict[str, str],
    service: str,
    request: pytest.FixtureRequest,
) -> None:
    if service == "collection":  # one starts as a user starts it
        request.getfixturevalue("bare_python")
    with serving([service, "--database-url", new_database_url], environment) as url:
        assert httpx.get(f"{url}/v1/version", trust_env=False).json() == {
            "service": service,
            "version": VERSION,
        }


VOUCHER = {
    "event_id": "receipt:1",
    "owner": "911201000000000009",
    "kind": "receipt",
    "book_date": "2021-07-15",
    "summary": "2021-07 社会保险费到账",
    "entries": [
        {
            "book": "statutory",
            "fund": "pension",
            "account": account,
            "side": side,
            "amount": "1234.56",
            "district": "heping",
        }
        for account, side in (("income_deposit", "debit"), ("contribution_income.pooled", "credit"))
    ],
}


def test_the_ledger_books_once_on_any_server(
    each_empty_database_url: str, environment: dict[str, str], issuer: Issuer
) -> None:
    with serving(["ledger", "--database-url", each_empty_database_url], environment) as url:
        caller = Caller(subject="collection_service", role=Role.COLLECTION_SERVICE)
        bearer = {"Authorization": f"Bearer {issuer.mint(caller)}"}
        with httpx.Client(base_url=url, headers=bearer, trust_env=False) as client:
            done = [client.post("/v1/vouchers", json=VOUCHER) for _ in range(2)]
            assert [answer.status_code for answer in done] == [201, 200], done[0].text
            reader = Caller(subject="dashboard", role=Role.DASHBOARD)
            balances = client.get(
                "/v1/funds/balances",
                params={"as_of": "2021-07-31"},
                headers={"Authorization": f"Bearer {issuer.mint(reader)}"},
            ).json()
    (pension,) = [fund for fund in balances["funds"] if fund["fund"] == "pension"]
    assert pension["accounts"]["income_deposit"] == "1234.56"


def test_a_service_leaves_an_unmigrated_database_alone_on_request(
    new_database_url: str, wuxian: Wuxian
) -> None:
    done = wuxian(
        "serve",
        "ledger",
        "--no-migrate",
        "--port",
        str(free_port()),
        "--database-url",
        new_database_url,
        WUXIAN_ALLOW_ADMIN_LOGIN="true",
    )
    assert done.returncode == 1
    assert "wuxian migrate ledger" in done.stderr


async def test_a_service_refuses_a_database_of_a_newer_release(
    new_database_url: str, wuxian: Wuxian
) -> None:
    import asyncpg

    await migrate(new_database_url, ["ledger"])
    connection = await asyncpg.connect(new_database_url)
    await connection.execute("UPDATE ledger.alembic_version SET version_num = 'ledger_9999'")
    await connection.close()
    done = wuxian(
        "serve",
        "ledger",
        "--port",
        str(free_port()),
        "--database-url",
        new_database_url,
        WUXIAN_ALLOW_ADMIN_LOGIN="true",
    )
    assert done.returncode == 1
    assert "newer wuxian" in done.stderr


@pytest.mark.usefixtures("bare_python")
def test_everything_comes_up_and_goes_down_on_request(environment: dict[str, str]) -> None:
    ports = {
        f"WUXIAN_{name.upper()}_PORT": str(free_port())
        for name in ("identity", "collection", "ledger", "payout", "console", "sandbox")
    }
    process = subprocess.Popen(
        python_command("services.cli", "up", "--json"),
        env=environment | ports,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        done = "".join(iter(process.stdout.readline, "}\n")) + "}"
        for url in json.loads(done)["urls"].values():
            assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_taken_port_is_a_sentence(wuxian: Wuxian, new_database_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = wuxian("serve", "ledger", "--port", port, "--database-url", new_database_url)
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
    assert "WUXIAN_LEDGER_PORT" in done.stderr
