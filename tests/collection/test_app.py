"""The service starts, and reports whether it is ready."""

from services.collection.app import build
from tests.conftest import ClientOf, SettingsFor


async def test_it_is_ready_on_a_migrated_database(
    settings_for: SettingsFor, client_of: ClientOf
) -> None:
    async with client_of(build(settings_for())) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert set(checks) == {"database", "schema", "identity", "keys", "disk", "outbox"}
    assert set(checks.values()) == {"ok"}
