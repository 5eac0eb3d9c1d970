"""The reference of settings is made from the source, and every setting says what it means."""

from pathlib import Path

from services.cli.tools import page, rows_of
from shared.process.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
CHINESE = range(0x4E00, 0x9FFF)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(Settings), (
        "run: wuxian settings --write docs/configuration.md"
    )


def test_every_setting_is_explained_in_both_languages() -> None:
    lacking = [
        row["variable"]
        for row in rows_of(Settings)
        if not any(ord(letter) in CHINESE for letter in row["meaning"])
        or " · " not in row["meaning"]
    ]
    assert lacking == []


def test_a_password_in_an_address_is_not_shown() -> None:
    values = Settings(admin_database_url="postgresql://someone:secret@host/wuxian")
    shown = {row["variable"]: row["value"] for row in rows_of(Settings, values)}
    assert shown["WUXIAN_ADMIN_DATABASE_URL"] == "postgresql://someone:***@host/wuxian"
