"""Fixtures of stories that play on a whole installation."""

import pytest

from tests.house.passwords import keep_passwords


@pytest.fixture(scope="module")
def on_shared_server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of an installation in the module's database, on the server of the run.

    It starts in half the time: no server of its own, and its schemas are there.
    """
    secrets = tmp_path_factory.mktemp("secrets")
    keep_passwords(secrets)
    return {
        "WUXIAN_ADMIN_DATABASE_URL": database_url,
        "WUXIAN_DATABASE_SECRETS_DIR": str(secrets),
    }
