"""Keys with which clients sign their messages (RFC 9421), as every service knows them.

Identity registers the public keys and serves those in force with its answer (`GET /v1/trust`);
a service looks a key up by the client of the token and the `keyid` of the signature. There is no
HMAC: whoever verifies one could sign as well, and a signature would prove nothing to a third.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class MessageAlgorithm(StrEnum):
    """A signature algorithm, by its name in the registry of RFC 9421."""

    ED25519 = "ed25519"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"
    SM2_SM3 = "sm2-sm3"
    """SM2 with SM3: no registered name; verified where the extra `gm` is installed."""

    @property
    def key_type(self) -> tuple[str, str | None]:
        """Return `kty` and `crv` of a JWK that fits."""
        return _KEY_TYPES[self]


_KEY_TYPES: dict[MessageAlgorithm, tuple[str, str | None]] = {
    MessageAlgorithm.ED25519: ("OKP", "Ed25519"),
    MessageAlgorithm.RSA_PSS_SHA512: ("RSA", None),
    MessageAlgorithm.ECDSA_P256_SHA256: ("EC", "P-256"),
    MessageAlgorithm.SM2_SM3: ("EC", "SM2"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKey:
    """A client's public key in force.

    `client` is the digest of the client's name (`shared.security.trust.digest_of`). The key counts
    from `valid_from` until before `valid_until`; None: until it is replaced or revoked.
    """

    kid: str
    client: str
    algorithm: MessageAlgorithm
    public_key: Mapping[str, Any] = field(repr=False)
    valid_from: datetime
    valid_until: datetime | None

    def counts_at(self, moment: datetime) -> bool:
        """Return whether a signature that arrives at this moment may be verified with it."""
        return self.valid_from <= moment and (self.valid_until is None or moment < self.valid_until)


def read_keys(rows: Iterable[Mapping[str, Any]]) -> dict[str, MessageKey]:
    """Read the keys of identity's answer by their `kid`. An algorithm of a newer release is left
    out: nothing can be verified with it here."""
    known = frozenset(MessageAlgorithm)
    return {
        row["kid"]: MessageKey(
            kid=row["kid"],
            client=row["client"],
            algorithm=MessageAlgorithm(row["algorithm"]),
            public_key=row["public_key"],
            valid_from=_instant(row["valid_from"]),
            valid_until=None if row["valid_until"] is None else _instant(row["valid_until"]),
        )
        for row in rows
        if row["algorithm"] in known
    }


def _instant(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
