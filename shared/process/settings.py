"""Every setting, its unit and its default. Set by environment variables that begin with WUXIAN_."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.process.database_address import as_role, checked_address
from shared.security.tokens import TOKEN_SECONDS, TOKEN_SECONDS_MAX


def _default_home() -> Path:
    # Root's own data directory lies below a directory that the unprivileged database server may
    # not enter, so a root installation keeps its state where services do.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/wuxian")
    return user_data_path("wuxian", appauthor=False)


DatabaseAddress = Annotated[str, AfterValidator(checked_address)]
"""postgresql://[login[:password]@]host[:port]/database"""
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """The product's settings."""

    model_config = SettingsConfigDict(
        env_prefix="WUXIAN_", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    home: Path = Field(default_factory=_default_home)
    """The directory of the embedded database, keys and run files."""
    database_url: DatabaseAddress | None = None
    """The operator's own PostgreSQL 15-18 without a login (postgresql://host/database): each service
    logs in as its own role with the password in its own file; unset: the embedded one."""
    identity_database_url: DatabaseAddress | None = None
    """Identity's own address, login and password included; instead of the one above."""
    collection_database_url: DatabaseAddress | None = None
    ledger_database_url: DatabaseAddress | None = None
    payout_database_url: DatabaseAddress | None = None
    admin_database_url: DatabaseAddress | None = None
    """The administrator's address, for `wuxian migrate` and `backup`; no service is given it."""
    database_secrets_dir: Path | None = None
    """Directory of the roles' passwords, SERVICE/database_password each; default: HOME/secrets."""
    allow_admin_login: bool = False
    """True lets a service start on a login that may do more than its own role: for development."""
    host: str = "127.0.0.1"
    """Address that the services listen on."""
    collection_port: Port = 8001
    ledger_port: Port = 8002
    payout_port: Port = 8003
    identity_port: Port = 8005
    sandbox_port: Port = 8010
    collection_url: str = ""
    """The address of collection, for payout; unset: its port on this machine."""
    ledger_url: str = ""
    """The address of the ledger, for collection and payout; unset likewise."""
    payout_url: str = ""
    """The address of payout, for the sandbox; unset likewise."""
    identity_url: str = ""
    """The address of identity, which gives tokens and says which are revoked, for every service; unset
    likewise."""
    token_seconds: int = Field(default=TOKEN_SECONDS, ge=60, le=TOKEN_SECONDS_MAX)
    """Life of an access token."""
    trusted_keys_path: Path | None = None
    """A JWKS file to verify tokens with instead of asking identity. Nothing is ever revoked then:
    for tests of one service alone."""
    backup_sites: dict[str, str] = Field(default_factory=dict)
    """Sites that keep copies of backups: name → directory or s3://bucket/prefix, as JSON. The ledger
    reports their age."""
    backup_max_age_hours: int = Field(default=26, ge=1)
    """Age of the newest backup at a site from which /readyz and the doctor warn."""
    backup_passphrase_file: Path | None = None
    """File of the passphrase that backups are sealed with, for `wuxian backup` and `restore`."""
    oidc_issuer: str | None = None
    """The site's own OpenID provider, where people sign in; unset: passwords only."""
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    oidc_redirect_url: str | None = None
    """The address that the provider sends people back to; unset: IDENTITY_URL/v1/provider-sessions."""
    oidc_name_claim: str = "preferred_username"
    """The claim of the ID token that has a person's name here."""
    identity_dir: Path | None = None
    """Keys of stored data and the secrets of the services as clients; default: HOME/identity."""
    identity_keys_dir: Path | None = None
    """The key that seals identity's signing keys, for identity alone; default: HOME/identity-keys."""
    region: str = "tianjin"
    """统筹区: the region that this installation serves."""
    regions_path: Path | None = None
    """Regions and their districts (分中心), a file in the shape of the shipped
    services/collection/data/regions.json; unset: those shipped."""
    ledger_slots: int | None = Field(default=None, ge=1, le=1024)
    """Number of the ledger's slots, fixed for the life of a database; unset: what it has, and 2 in a
    new one (the centre's and one for all units, which is fastest on one server)."""
    ledger_hash: Literal["sha256", "sm3"] = "sha256"
    """Hash function of the ledger's chains (国密 SM3 needs an OpenSSL that has it); fixed likewise."""
    pool_size: int = Field(default=4, ge=1, le=64)
    """Database connections per process. A wide pool on hot rows is slower than a narrow one."""
    statement_timeout_ms: int = 60_000
    database_wait_seconds: float = Field(default=15, gt=0)
    """Time until a request has a database connection that answers; then it is told 503."""
    answer_seconds: float = Field(default=30, gt=0)
    """Time for the ledger's answer to a posting; later the outcome is unknown, and a repeat tells it."""
    body_limit_bytes: int = Field(default=1024 * 1024, ge=64 * 1024)
    """Largest request body of a door that does not say its own limit (doors of lists and files do)."""
    tls_cert: Path | None = None
    """Certificate chain of the services (PEM); with it they speak https and show it to their peers."""
    tls_key: Path | None = None
    """Its private key (PEM); unset: it lies in the same file."""
    tls_client_ca: Path | None = None
    """Authorities of client certificates (PEM); with it every client must show one (mTLS)."""
    tls_peer_ca: Path | None = None
    """Authorities of the peers' certificates (PEM); unset: those of the system."""
    connections_max: int = Field(default=1000, ge=16)
    """Open connections per process; beyond them the one that waits longest for a request is ended."""
    head_seconds: float = Field(default=10, gt=0)
    """Time for a request's header fields, and for a new connection to say anything."""
    body_seconds: float = Field(default=30, gt=0)
    """A body must bring 512 bytes a second, measured over this time."""
    write_seconds: float = Field(default=60, gt=0)
    """Time that a client may take nothing of an answer that waits for it."""
    trusted_proxies: str = ""
    """Addresses whose X-Forwarded-For and -Proto are believed (comma between); empty: nobody's."""
    rate_limits_path: Path | None = None
    """Rate limits per client and door, a file in the shape of the shipped
    shared/guard/data/rate_limits.json; unset: those shipped."""
    queue_limit: int = Field(default=20_000, ge=1)
    """Vouchers that may wait in the ledger's queue before it answers 503."""
    run_workers: bool = True
    """True when a service process also runs its background work (relay, billing)."""
    sandbox_districts: tuple[str, ...] = ("heping", "nankai", "binhai")
    """Districts for which `up` and `demo` make the sandbox's identities; none: no identities."""
    sandbox_identities: bool = False
    """True when identity admits the sandbox's people and machines, as `up` and `demo` tell it."""
    anchor_file: Path | None = None
    """A file outside the database, to which every service appends the head of its chain of evidence."""
    anchor_url: str | None = None
    """An address outside the installation, to which every service posts the same."""
    log_level: str = "INFO"
    access_log: bool = True
    """True when every request leaves a line: who, what, result, time, trace id."""

    @model_validator(mode="after")
    def _addresses_follow_ports(self) -> Self:
        """Point at this installation's own services where no other address is set."""
        for name in type(self).model_fields:
            service, _, what = name.rpartition("_")
            if what == "port" and getattr(self, f"{service}_url", None) == "":
                setattr(self, f"{service}_url", self.own_url(getattr(self, name)))
        return self

    def own_url(self, port: int) -> str:
        """Return the address at which a service of this machine is reached."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        scheme = "https" if self.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def identity_path(self) -> Path:
        """Directory of the keys of stored data."""
        return self.identity_dir or self.home / "identity"

    @property
    def identity_keys_path(self) -> Path:
        """Directory that identity alone reads."""
        return self.identity_keys_dir or self.home / "identity-keys"

    @property
    def secrets_path(self) -> Path:
        """Directory of the passwords of the services' database roles."""
        return self.database_secrets_dir or self.home / "secrets"

    def database_of(self, service: str) -> str | None:
        """Return the address at which a service logs in; None: the embedded one is not started yet.

        Raises:
            PasswordMissing: the address has no login and the service's role has no password file.
        """
        own: str | None = getattr(self, f"{service}_database_url", None)
        if own or self.database_url is None:
            return own
        return as_role(self.database_url, service, self.secrets_path)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
