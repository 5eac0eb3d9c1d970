"""The doors that identity has like every service."""

from shared.roles import Role
from tests.conftest import Bearer
from tests.identity.support.desk import Desk


async def test_the_service_says_how_it_is(desk: Desk) -> None:
    assert (await desk.http.get("/healthz")).json()["service"] == "identity"
    ready = await desk.http.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert ready.json()["checks"]["set_up"] == "ok"
    assert (await desk.http.get("/v1/version")).status_code == 200
    assert "wuxian_http_requests" in (await desk.http.get("/metrics")).text


async def test_a_token_of_another_issuer_is_refused_here(desk: Desk, bearer: Bearer) -> None:
    assert (await desk.http.get("/v1/me", headers=bearer(Role.SUPERVISOR))).status_code == 401
    own = await desk.token_of("supervisor")
    answer = await desk.http.get("/v1/me", headers={"Authorization": f"Bearer {own}"})
    assert (answer.status_code, answer.json()["subject"]) == (200, "supervisor")
