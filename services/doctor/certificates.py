"""TLS certificates: none of them ends soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from services.doctor.finding import Finding
from shared.process.settings import Settings

SOON: Final = timedelta(days=30)
_RENEW: Final = "get a new certificate, put it in the same file and restart the services"


def check(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Check the certificates of the services, of their clients' authorities and of their peers'."""
    if settings.tls_cert is None:
        yield Finding("tls", True, "off (WUXIAN_TLS_CERT); keep the services on one machine")
    for name in ("tls_cert", "tls_client_ca", "tls_peer_ca"):
        path: Path | None = getattr(settings, name)
        if path is None:
            continue
        try:
            found = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            yield Finding(name, False, f"{path}: {error}", f"correct WUXIAN_{name.upper()}")
            continue
        first = min(found, key=lambda one: one.not_valid_after_utc)
        begins, ends = first.not_valid_before_utc, first.not_valid_after_utc
        days = (ends - now).days
        said = f"{path} ends on {ends.date()}, in {days} days"
        if begins > now:
            said = f"{path} begins on {begins.date()} only"
        yield Finding(name, begins <= now and ends - now > SOON, said, _RENEW)
