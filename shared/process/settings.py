"""Every setting, its unit and its default. Set by environment variables that begin with WUXIAN_."""

from __future__ import annotations

import os
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Final, Literal, Self

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


FIELD_KEYS: Final = "field_keys.json"
DatabaseAddress = Annotated[str, AfterValidator(checked_address)]
"""postgresql://[login[:password]@]host[:port]/database"""
Port = Annotated[int, Field(ge=1, le=65535)]
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")]
"""scheme://host[:port] in small letters, without a path: what a browser sends as Origin."""
SigningRole = Literal["tax_bureau", "bank_gateway", "employer_portal"]
"""A kind of client whose requests may have to be signed."""


class Settings(BaseSettings):
    """The product's settings."""

    model_config = SettingsConfigDict(
        env_prefix="WUXIAN_",
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    home: Path = Field(default_factory=_default_home)
    """内嵌数据库、密钥与运行文件的目录 · The directory of the embedded database, keys and run
    files."""
    database_url: DatabaseAddress | None = None
    """运营方自己的 PostgreSQL
    15–18,不带登录名(postgresql://主机/库):每个服务用自己的角色和自己的密码文件登录;不设则用内嵌数据库
    · The operator's own PostgreSQL 15-18 without a login (postgresql://host/database): each
    service logs in as its own role with the password in its own file; unset: the embedded one."""
    identity_database_url: DatabaseAddress | None = None
    """身份服务自己的完整地址,带登录名和密码;代替上一项 · Identity's own address, login and
    password included; instead of the one above."""
    collection_database_url: DatabaseAddress | None = None
    """征缴服务自己的完整地址 · Collection's own address, likewise."""
    ledger_database_url: DatabaseAddress | None = None
    """账务服务自己的完整地址 · The ledger's own address, likewise."""
    payout_database_url: DatabaseAddress | None = None
    """支付服务自己的完整地址 · Payout's own address, likewise."""
    admin_database_url: DatabaseAddress | None = None
    """管理员地址,只给 `wuxian migrate` 和 `backup`,服务从不使用 · The administrator's address,
    for `wuxian migrate` and `backup`; no service is given it."""
    database_secrets_dir: Path | None = None
    """各角色密码的目录,每个服务一份 SERVICE/database_password;默认 HOME/secrets · Directory of
    the roles' passwords, SERVICE/database_password each; default: HOME/secrets."""
    field_keys_dir: Path | None = None
    """各服务封存个人信息的密钥目录,每个服务一份 SERVICE/field_keys.json;默认与密码文件同处 ·
    Directory of the keys that each service seals personal data with, SERVICE/field_keys.json each;
    default: beside the passwords."""
    bank_keys_dir: Path | None = None
    """本单位对银行文件签名的私钥目录,每把一份 KEY_ID.jwk;默认 HOME/bank-keys · Directory of the
    centre's private keys that sign bank files, KEY_ID.jwk each; default: HOME/bank-keys."""
    field_algorithm: Literal["AES-256-GCM", "SM4-GCM"] = "AES-256-GCM"
    """新密钥的算法;已封存的值按其自身的算法读取 · Algorithm of new keys of personal data; what is
    sealed already says its own."""
    blind_index_hash: Literal["sha256", "sm3"] = "sha256"
    """身份证号码盲索引的密钥散列(HMAC),新装时选定,一套系统一生不变 · Keyed hash (HMAC) of the
    blind indexes over identity numbers: chosen when an installation is made, fixed for its life."""
    allow_admin_login: bool = False
    """为 true 时允许服务用权限过大的登录启动,仅供开发 · True lets a service start on a login that
    may do more than its own role: for development."""
    host: str = "127.0.0.1"
    """服务监听的地址 · Address that the services listen on."""
    collection_port: Port = 8001
    """征缴服务的端口 · Port of collection."""
    ledger_port: Port = 8002
    """账务服务的端口 · Port of the ledger."""
    payout_port: Port = 8003
    """支付服务的端口 · Port of payout."""
    console_port: Port = 8004
    """操作台(网页)的端口 · Port of the console, which people open in a browser."""
    identity_port: Port = 8005
    """身份服务的端口 · Port of identity."""
    sandbox_port: Port = 8010
    """沙箱的端口 · Port of the sandbox."""
    collection_url: str = ""
    """征缴服务的地址,供支付服务使用;不设则用本机端口 · The address of collection, for payout;
    unset: its port on this machine."""
    ledger_url: str = ""
    """账务服务的地址,供征缴、支付服务使用;不设则用本机端口 · The address of the ledger, for
    collection and payout; unset likewise."""
    payout_url: str = ""
    """支付服务的地址,供沙箱使用;不设则用本机端口 · The address of payout, for the sandbox; unset
    likewise."""
    identity_url: str = ""
    """身份服务的地址,供各服务取公钥与撤销名单;不设则用本机端口 · The address of identity, which
    gives tokens and says which are revoked, for every service; unset likewise."""
    token_seconds: int = Field(default=TOKEN_SECONDS, ge=60, le=TOKEN_SECONDS_MAX)
    """访问令牌的有效秒数 · Life of an access token."""
    trusted_keys_path: Path | None = None
    """验证令牌用的 JWKS 文件,代替询问身份服务;此时不能撤销,仅供单个服务的测试 · A JWKS file to
    verify tokens with instead of asking identity. Nothing is ever revoked then: for tests of one
    service alone."""
    backup_sites: dict[str, str] = Field(default_factory=dict)
    """存放备份副本的地点:名称 → 目录(JSON);账务报告其新旧 · Sites that keep copies of backups:
    name → directory or s3://bucket/prefix, as JSON. The ledger reports their age."""
    backup_max_age_hours: int = Field(default=26, ge=1)
    """某地最新备份超过多少小时即告警 · Age of the newest backup at a site from which /readyz and
    the doctor warn."""
    backup_passphrase_file: Path | None = None
    """备份口令文件,供 `wuxian backup` 和 `restore` · File of the passphrase that backups are
    sealed with, for `wuxian backup` and `restore`."""
    otlp_url: str | None = None
    """OpenTelemetry 收集器的地址(OTLP/HTTP,如 http://127.0.0.1:4318);不设则不写链路,须安装
    wuxian[otel] · The address of an OpenTelemetry collector (OTLP over HTTP); unset: no traces.
    Needs the extra wuxian[otel]."""
    trace_ratio: float = Field(default=1.0, ge=0, le=1)
    """从本系统开始的链路保留的比例;调用方已决定的从其决定 · Share of the traces that begin here and
    are kept; a caller's own choice is followed."""
    oidc_issuer: str | None = None
    """本单位自己的 OpenID 登录服务;不设则只用密码 · The site's own OpenID provider, where people
    sign in; unset: passwords only."""
    oidc_client_id: str | None = None
    """在该服务登记的客户端标识 · Client id at that provider."""
    oidc_client_secret: str | None = None
    """在该服务登记的客户端密钥 · Client secret at that provider."""
    oidc_redirect_url: str | None = None
    """登录后返回的操作台地址,须在该服务登记;不设则为 WUXIAN_PUBLIC_URLS 中 console 的地址加 /provider-return ·
    The console's address that the provider sends people back to, registered there; unset: the
    console's of WUXIAN_PUBLIC_URLS, or its port on this machine, with /provider-return."""
    oidc_acr: str | None = None
    """要求的登录强度:发给该服务(acr_values),ID 令牌的 acr 须与之相同,如要求第二因素;不设则由该服务决定 · Strength of
    sign-in that is asked for (acr_values) and that the ID token must say (acr), for instance the
    one with a second factor; unset: the provider decides."""
    oidc_commands: bool = False
    """true:`wuxian sign-in --provider` 可用,登录后返回本机端口。多人共用的主机上不要开启:同机他人可收取登录结果 ·
    true: lets `wuxian sign-in --provider` work, to which people come back at a port of their own
    machine. Not where several people share a host: another user of it can receive their sign-in."""
    oidc_subject_claim: str = "sub"
    """ID 令牌中标识人员的声明,须唯一、不变、本人不能修改;管理员登记人员时填写其值 · The claim of the ID
    token that tells a person: unique, lasting, and not theirs to change. An administrator gives
    its value with the person."""
    identity_dir: Path | None = None
    """存储数据的密钥和各服务的客户端密钥;默认 HOME/identity · Keys of stored data and the secrets
    of the services as clients; default: HOME/identity."""
    identity_keys_dir: Path | None = None
    """封存签名私钥的密钥,只有身份服务读取;默认 HOME/identity-keys · The key that seals identity's
    signing keys, for identity alone; default: HOME/identity-keys."""
    console_key_dir: Path | None = None
    """操作台与身份服务共有的密钥的目录:操作台凭它说明浏览器的地址;默认 HOME/console · Directory of the key
    with which the console tells identity a browser's address; both read it; default: HOME/console."""
    region: str = "tianjin"
    """本系统服务的统筹区 · 统筹区: the region that this installation serves."""
    regions_path: Path | None = None
    """统筹区与分中心文件,格式同随附的 services/collection/data/regions.json;不设则用随附的 ·
    Regions and their districts (分中心), a file in the shape of the shipped
    services/collection/data/regions.json; unset: those shipped."""
    ledger_slots: int | None = Field(default=None, ge=1, le=1024)
    """新库的记账单元数,以后只能增加(wuxian ledger slots);不设:沿用已有,新库为 2 · Number of slots
    that the ledger begins with, which may only grow (`wuxian ledger slots`); unset: what the
    database has, and 2 in a new one (the centre's and one for all units, which is fastest on one
    server)."""
    ledger_hash: Literal["sha256", "sm3"] = "sha256"
    """账簿哈希链的算法(国密 SM3 须 OpenSSL 支持),一库一生不变 · Hash function of the ledger's
    chains (国密 SM3 needs an OpenSSL that has it); fixed for the life of a database."""
    pool_size: int = Field(default=4, ge=1, le=64)
    """每个进程的数据库连接数;热点行上,宽的连接池比窄的慢 · Database connections per process. A
    wide pool on hot rows is slower than a narrow one."""
    statement_timeout_ms: int = 60_000
    """每条 SQL 的最长毫秒数 · Longest time of one SQL statement, in milliseconds."""
    database_wait_seconds: float = Field(default=15, gt=0)
    """请求等到可用数据库连接的最长秒数,超出答 503 · Time until a request has a database
    connection that answers; then it is told 503."""
    answer_seconds: float = Field(default=30, gt=0)
    """等账务答复记账的秒数;超出则结果未知,重复提交即得结果 · Time for the ledger's answer to a
    posting; later the outcome is unknown, and a repeat tells it."""
    body_limit_bytes: int = Field(default=1024 * 1024, ge=64 * 1024)
    """接口未另定时的请求体上限(字节) · Largest request body of a door that does not say its own
    limit (doors of lists and files do)."""
    tls_cert: Path | None = None
    """服务的证书链(PEM);设了即用 https,并向对方出示 · Certificate chain of the services (PEM);
    with it they speak https and show it to their peers."""
    tls_key: Path | None = None
    """证书私钥(PEM);不设则在同一文件中 · Its private key (PEM); unset: it lies in the same file."""
    tls_client_ca: Path | None = None
    """客户端证书的 CA(PEM);设了则每个客户端都须出示(双向 TLS) · Authorities of client
    certificates (PEM); with it every client must show one (mTLS)."""
    tls_peer_ca: Path | None = None
    """对方服务证书的 CA(PEM);不设则用系统的 · Authorities of the peers' certificates (PEM);
    unset: those of the system."""
    connections_max: int = Field(default=1000, ge=16)
    """每个进程的连接数上限;超出时断开等候最久者 · Open connections per process; beyond them the
    one that waits longest for a request is ended."""
    head_seconds: float = Field(default=10, gt=0)
    """请求头到齐、新连接开口的时限(秒) · Time for a request's header fields, and for a new
    connection to say anything."""
    body_seconds: float = Field(default=30, gt=0)
    """请求体每段此时间内须达每秒 512 字节 · A body must bring 512 bytes a second, measured over
    this time."""
    write_seconds: float = Field(default=60, gt=0)
    """客户端不取应答的最长秒数 · Time that a client may take nothing of an answer that waits for
    it."""
    signatures_required_from: dict[SigningRole, date] = Field(default_factory=dict)
    """哪类客户端自何日起须签名(RFC 9421):角色 → 日期(JSON),如 {"tax_bureau": "2027-01-01"} · The
    day from which a kind of client must sign what it writes (RFC 9421): role → day, as JSON."""
    webhook_hosts: tuple[str, ...] = ()
    """事件推送允许的主机名(JSON),".example.cn" 表示其下所有主机;不设则不推送 · Hosts that webhooks
    may go to, as JSON; ".example.cn" means all below it; unset: none."""
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """事件推送可到达的内部网段(JSON,如 ["10.8.0.0/16"]),只对它们允许 http;不设则只到公网的 https
    地址 · Private networks that webhooks may reach, as JSON, by http too; unset: public https
    addresses only."""
    public_urls: dict[str, str] = Field(default_factory=dict)
    """客户端所用的各服务地址:服务 → 地址(JSON),反向代理改写地址时须设,签名按此核对 · Addresses at
    which clients reach the services: service → address, as JSON; needed where a proxy changes
    them, since signatures cover them."""
    trusted_proxies: str = ""
    """可信反向代理的地址(逗号分隔),只信它们的 X-Forwarded-*;空:谁也不信 · Addresses whose
    X-Forwarded-For and -Proto are believed (comma between); empty: nobody's."""
    api_pages: bool = False
    """为 true 时各服务在 /docs 显示接口页面(Swagger UI,不用外网),`up` 自动打开 · True when every
    service shows its API page at /docs (Swagger UI, from local files); `up` turns it on."""
    cors_origins: tuple[Origin, ...] = ()
    """可在浏览器中调用各服务的页面来源(JSON),逐个写明,如 ["https://board.example.cn"];不设则没有 ·
    Origins whose scripts may call the services in a browser, as JSON, each exact; unset: none."""
    rate_limits_path: Path | None = None
    """各客户端、各接口的频率限额文件,格式同 shared/web/data/rate_limits.json;不设则用随附的 ·
    Rate limits per client and door, a file in the shape of the shipped
    shared/guard/data/rate_limits.json; unset: those shipped."""
    queue_limit: int = Field(default=20_000, ge=1)
    """账务排队凭证数的上限,超出答 503 · Vouchers that may wait in the ledger's queue before it
    answers 503."""
    run_workers: bool = True
    """为 true 时服务进程同时执行后台工作(送出消息、出账) · True when a service process also runs
    its background work (relay, billing)."""
    sandbox_districts: tuple[str, ...] = ("heping", "nankai", "binhai")
    """`up` 和 `demo` 为哪些分中心建立沙箱身份 · Districts for which `up` and `demo` make the
    sandbox's identities; none: no identities."""
    sandbox_day_path: Path | None = None
    """沙箱移动业务日期的文件,由 `up` 设定;正式环境不设 · The file by which the sandbox moves the
    business day, as `up` tells it; never set in production."""
    sandbox_identities: bool = False
    """为 true 时身份服务接纳沙箱的人员和客户端,由 `up` 和 `demo` 设定 · True when identity admits
    the sandbox's people and machines, as `up` and `demo` tell it."""
    anchor_file: Path | None = None
    """库外文件:每个服务把留痕链的最新一块追加到此 · A file outside the database, to which every
    service appends the head of its chain of evidence."""
    anchor_url: str | None = None
    """库外地址:每个服务把同样内容 POST 到此 · An address outside the installation, to which every
    service posts the same."""
    log_level: str = "INFO"
    """日志级别 · Level of the log."""
    access_log: bool = True
    """为 true 时每个请求写一行:谁、做什么、结果、用时、追踪号 · True when every request leaves a
    line: who, what, result, time, trace id."""

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
    def console_key_path(self) -> Path:
        """File of the key with which the console tells identity a browser's address."""
        return (self.console_key_dir or self.home / "console") / "key"

    @property
    def secrets_path(self) -> Path:
        """Directory of the passwords of the services' database roles."""
        return self.database_secrets_dir or self.home / "secrets"

    @property
    def bank_keys_path(self) -> Path:
        """Directory of the private keys that sign bank files."""
        return self.bank_keys_dir or self.home / "bank-keys"

    def field_keys_of(self, service: str) -> Path:
        """Return the file of the keys that a service seals personal data with."""
        return (self.field_keys_dir or self.secrets_path) / service / FIELD_KEYS

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
