"""Fixtures of every test: a server, a fresh migrated database a module, identities, a client.

One server serves the whole run. Under xdist the controller names its home and stops it at the end;
whichever worker needs it first starts it. WUXIAN_TEST_DATABASE_URL (a superuser's address) takes an
operator's server instead, and WUXIAN_CITUS_URL a Citus coordinator (tests/coordinator.py).
"""

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import asyncpg
import httpx
import hypothesis
import pytest
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from services.embedded import EmbeddedPostgres
from services.migrate import migrate
from shared.process.settings import Settings
from shared.roles import CENTRE, Caller, Role
from shared.security.identity import Identity, create
from shared.security.sandbox import make_secrets
from tests import coordinator, examples, prepared, scheduling
from tests.bytecode import SharedStart, keep_bytecode
from tests.coordinator import CITUS_URL
from tests.issuer import Issuer
from tests.recording import StatementsAreKeyed

OPERATORS_SERVER = "WUXIAN_TEST_DATABASE_URL"
DISTRICTS = ["heping", "nankai", "binhai"]
PLAIN_BINARIES = Path("/usr/lib/postgresql/15/bin")
"""Directory in which a Debian system keeps PostgreSQL 15; part of the suite runs on it too."""
HAS_PLAIN = (PLAIN_BINARIES / "postgres").exists()
# Throw-away clusters: these two only matter when the machine itself loses power.
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "max_connections": "400"}
# Other programs run beside the tests: no example has a limit of time.
PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("patient", **PATIENT)
hypothesis.settings.load_profile("patient")
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 1024**3
PYTHON = sys.executable
_HOME = pytest.StashKey[Path]()

Bearer = Callable[..., dict[str, str]]
SettingsFor = Callable[..., Settings]
ClientOf = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]


# --- one home for the whole run ------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("wuxian_home")
    home = Path(given or tempfile.mkdtemp(prefix="wuxian-tests-", dir=roomy_memory()))
    if not given:
        home.chmod(0o755)  # ours alone; the server's account has to pass when root runs the tests
    config.stash[_HOME] = home
    if not given:
        keep_bytecode(home / "bytecode")
    if home.is_relative_to(MEMORY) and not config.option.basetemp:
        config.option.basetemp = home / "tmp"  # whole servers stand there, and a disk is slow
    if given or config.getoption("dist", "no") == "no":  # the controller collects nothing
        config.pluginmanager.register(SharedStart(), "shared-start")
    is_whole = config.getoption("numprocesses", None) and config.args == config.getini("testpaths")
    if not given and is_whole:  # some workers begin with a story
        threading.Thread(target=get_ready, args=(home,), daemon=True).start()
    config.pluginmanager.register(StatementsAreKeyed(), "statements-are-keyed")
    config.pluginmanager.register(scheduling, "scheduling")
    if os.environ.get(examples.RECORD):
        config.pluginmanager.register(examples.Recorder(), "examples")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    given = {"wuxian_home": str(node.config.stash[_HOME]), "wuxian_pid": os.getpid()}  # type: ignore[attr-defined]
    node.workerinput |= given  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    home = config.stash[_HOME]
    citus, operators = os.environ.get(CITUS_URL), os.environ.get(OPERATORS_SERVER)
    if (citus or operators) and (home / "template").exists():
        name = (home / "template").read_text()
        dropped = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        asyncio.run(coordinator.drop(citus, name) if citus else on_server(str(operators), dropped))
    for name in ("embedded", "plain"):
        if (home / name).exists():
            EmbeddedPostgres(home / name).destroy()
    shutil.rmtree(home, ignore_errors=True)


def roomy_memory() -> Path | None:
    """Return the directory that this system keeps in memory, if it has room for the databases.

    Each test module copies a database of 2,500 small files: a disk takes ten times as long. Whoever
    names a TMPDIR gets that.
    """
    if not MEMORY.is_dir() or "TMPDIR" in os.environ:
        return None
    found = os.statvfs(MEMORY)
    has_room = found.f_bavail * found.f_frsize > MEMORY_BYTES
    runs_programs = not found.f_flag & os.ST_NOEXEC  # the server may be copied there
    return MEMORY if has_room and runs_programs and os.access(MEMORY, os.W_OK) else None


def get_ready(home: Path) -> None:
    """Make what the first stories need while the workers collect."""
    if prepared.works_in(home):
        start_prepared(home, os.getpid())
    if not {CITUS_URL, OPERATORS_SERVER} & set(os.environ):
        asyncio.run(make_template(start_server(home), home))


def start_prepared(home: Path, watched: int) -> Path:
    """Start the process that forks services, unless another worker has."""
    with alone(home / "prepared.lock"):
        return prepared.start(home / "prepared", watched)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One worker at a time."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def run_home(pytestconfig: pytest.Config) -> Path:
    """A directory that all workers of this run share."""
    return pytestconfig.stash[_HOME]


@pytest.fixture(scope="module")
def prepared_python(pytestconfig: pytest.Config, run_home: Path) -> Iterator[None]:
    """Let this module's services and commands start at once (tests/prepared), where that works."""
    if not prepared.works_in(run_home):
        yield
        return
    watched = getattr(pytestconfig, "workerinput", {}).get("wuxian_pid", os.getpid())
    programs = start_prepared(run_home, watched)
    with patch.object(sys, "executable", str(programs / "python")):
        yield


@pytest.fixture
def bare_python() -> Iterator[None]:
    """Let a test of such a module start Python as a user does."""
    with patch.object(sys, "executable", PYTHON):
        yield


@pytest.fixture
def run_tempdir(run_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a trial that makes its own temporary directory make it among this run's, in memory."""
    monkeypatch.setattr(tempfile, "tempdir", str(run_home))


# --- servers and databases -----------------------------------------------------------------


@pytest.fixture(scope="session")
def server_url(run_home: Path) -> str:
    """An administrator's address on the server of this run."""
    given = os.environ.get(CITUS_URL) or os.environ.get(OPERATORS_SERVER)
    return given or start_server(run_home)


def start_server(home: Path) -> str:
    """Start the server of this run, unless another worker has; its administrator's address."""
    return EmbeddedPostgres(home / "embedded", options=THROW_AWAY).start()


@pytest.fixture(scope="session")
def plain_postgres_url(run_home: Path) -> str:
    """An administrator's address on a plain PostgreSQL, in a cluster of its own.

    It is the system's PostgreSQL 15, the oldest that we support, where there is one.
    """
    binaries = PLAIN_BINARIES if HAS_PLAIN else None
    return EmbeddedPostgres(run_home / "plain", binaries=binaries, options=THROW_AWAY).start()


@pytest.fixture(
    scope="session",
    params=["server_url", "plain_postgres_url"] if HAS_PLAIN else ["server_url"],
    ids=lambda name: "plain15" if name == "plain_postgres_url" else "embedded",
)
def each_server_url(request: pytest.FixtureRequest) -> str:
    """Every kind of server that this machine has, one after the other."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def oldest_server_url(request: pytest.FixtureRequest) -> str:
    """An administrator's address on the oldest PostgreSQL at hand."""
    return str(request.getfixturevalue("plain_postgres_url" if HAS_PLAIN else "server_url"))


def address(server: str, database: str) -> str:
    """The same server, another database."""
    return make_url(server).set(database=database).render_as_string(hide_password=False)


async def on_server(server: str, statement: str) -> None:
    """Run one statement outside a transaction."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def template(server_url: str, run_home: Path) -> str:
    """Name of a database with all migrations, made once a run."""
    return await make_template(server_url, run_home)


@pytest.fixture(scope="session")
async def each_template(
    each_server_url: str, request: pytest.FixtureRequest, run_home: Path
) -> str:
    """Name of such a database on every kind of server in turn."""
    kind = "" if each_server_url == request.getfixturevalue("server_url") else "plain-"
    return await make_template(each_server_url, run_home, f"{kind}template")


async def make_template(server: str, home: Path, kept_in: str = "template") -> str:
    """Make that database, unless another worker has; its name."""
    named = home / kept_in
    with alone(home / f"{kept_in}.lock"):
        if not named.exists():
            name = f"wuxian_template_{uuid4().hex[:12]}"
            await on_server(server, f"CREATE DATABASE {name}")
            await migrate(address(server, name))
            if CITUS_URL in os.environ:
                await coordinator.distribute_template(server, name)
            named.write_text(name)
    return named.read_text()


@pytest.fixture(scope="session")
async def migrated_home(run_home: Path) -> Path:
    """A home whose own server, stopped now, has all migrations; made once a run."""
    home = run_home / "migrated"
    with alone(run_home / "migrated.lock"):
        if not (home / "ready").exists():
            server = EmbeddedPostgres(home)
            await migrate(server.start())
            server.stop()
            (home / "ready").touch()
    return home


def give_server(home: Path, migrated: Path) -> None:
    """Give a new home a copy of that server, where a server can stand in its home."""
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not (migrated / "postgres.place").exists():
        subprocess.run(["cp", "-a", migrated / "postgres", home / "postgres"], check=True)


@asynccontextmanager
async def database_on(server: str, template: str = "template1") -> AsyncIterator[str]:
    """A fresh database, gone afterwards; with a template on Citus, a distributed one."""
    if CITUS_URL in os.environ and template != "template1":
        async with coordinator.copy(server, template) as url:
            yield url
        return
    name = f"wuxian_test_{uuid4().hex[:12]}"
    # Copying files costs half of copying pages through the log; nothing here outlives a crash.
    await on_server(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield address(server, name)
    finally:
        await on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
async def database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """An administrator's address of a fresh database, migrated for all services."""
    async with database_on(server_url, template) as url:
        yield url


@pytest.fixture
async def each_empty_database_url(each_server_url: str) -> AsyncIterator[str]:
    """An administrator's address of an empty database, on every kind of server in turn."""
    async with database_on(each_server_url) as url:
        yield url


@pytest.fixture
async def empty_database_url(oldest_server_url: str) -> AsyncIterator[str]:
    """An administrator's address of an empty database, in which data is migrated.

    The server is the oldest one: `test_migrate` runs every revision on each kind.
    """
    async with database_on(oldest_server_url) as url:
        yield url


@pytest.fixture
async def each_database_url(each_server_url: str, each_template: str) -> AsyncIterator[str]:
    """Like `database_url`, of a database for one test, on every kind of server in turn."""
    async with database_on(each_server_url, each_template) as url:
        yield url


# --- identities, settings, clients ---------------------------------------------------------


@pytest.fixture(scope="session")
def identity_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An identity directory, with the secrets of a sandbox of three districts."""
    directory = tmp_path_factory.mktemp("identity")
    create(directory)
    make_secrets(directory, DISTRICTS)
    return directory


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """The issuer whose tokens the services of the tests trust."""
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="session")
def identity(identity_dir: Path) -> Identity:
    """The keys of that directory."""
    return Identity.load(identity_dir)


@pytest.fixture(scope="session")
def bearer(issuer: Issuer) -> Bearer:
    """bearer(role, district="centre", subject=None) → the Authorization header of such a person."""

    def header(
        role: Role | str, district: str = CENTRE, subject: str | None = None
    ) -> dict[str, str]:
        wanted = Role(role)
        own = wanted.value if district == CENTRE else f"{wanted.value}.{district}"
        caller = Caller(subject=subject or own, role=wanted, district=district)
        return {"Authorization": f"Bearer {issuer.mint(caller)}"}

    return header


@pytest.fixture(scope="module")
def settings_for(
    database_url: str, identity_dir: Path, issuer: Issuer, run_home: Path
) -> SettingsFor:
    """settings_for(**overrides) → Settings on this module's database, without background work."""

    def make(**overrides: object) -> Settings:
        values: dict[str, object] = {
            "home": run_home / "home",
            "database_url": database_url,
            "identity_dir": identity_dir,
            "trusted_keys_path": issuer.trusted_keys_path,
            "identity_keys_dir": run_home / "identity-keys",
            "run_workers": False,
            "ledger_slots": 4,  # enough to see them apart
        }
        return Settings.model_validate(values | overrides)

    return make


@pytest.fixture(scope="session")
def client_of() -> ClientOf:
    """client_of(app) → a context that runs the app's lifespan and gives a client of it."""

    @asynccontextmanager
    async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://wuxian", timeout=60
            ) as opened,
        ):
            yield opened

    return client
