"""The example of clients/python/README.md runs as it is printed, against the recorded answers."""

from __future__ import annotations

import json
from typing import Final

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.examples import file_of
from tests.samples import samples

PAGE: Final = "clients/python/README.md"
ANSWERS: Final = {
    "/v1/oauth/token": ("identity", "issue_token"),
    "/v1/tax-pushes": ("collection", "push_tax"),
    "/v1/bills": ("collection", "list_bills"),
}


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def answer(_: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        service, operation = ANSWERS[request.url.path]
        body = json.loads(file_of(service).read_text("utf-8"))[operation]["response"]
        hidden = {"access_token": "token"} if "access_token" in body else {}
        return httpx.Response(200, json=body | hidden, request=request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (code,) = [one.text for one in samples() if (one.page, one.language) == (PAGE, "python")]
    exec(compile(code, PAGE, "exec"), {"pem": pem})
    assert asked == list(ANSWERS)
    assert "bil_" in capsys.readouterr().out
