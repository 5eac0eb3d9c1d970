"""Every command and option explains itself in Chinese too, chosen by the locale."""

import inspect
import json

import pytest
import typer

from services.cli.language import CATALOGUE, help_holders, prefers_chinese, translate
from services.cli.root import app


def test_the_catalogue_has_every_help_text_and_no_other() -> None:
    command = typer.main.get_command(app)
    english = {inspect.cleandoc(one.help) for one in help_holders(command)} | {command.epilog}
    chinese = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    missing = sorted(english - chinese.keys() - {"Show this message and exit."})
    assert missing == []
    assert sorted(chinese.keys() - english) == []


def test_help_is_chinese_after_the_translation() -> None:
    command = typer.main.get_command(app)
    translate(command)
    texts = [one.help for one in help_holders(command)]
    chinese = [text for text in texts if any("\u4e00" <= sign <= "\u9fff" for sign in text)]
    assert set(texts) - set(chinese) == {"Show this message and exit."} & set(texts)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, False),
        ({"LC_MESSAGES": "zh_TW", "LANG": "C"}, True),
        ({}, False),
    ],
)
def test_the_locale_decides(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: bool
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert prefers_chinese() is expected
