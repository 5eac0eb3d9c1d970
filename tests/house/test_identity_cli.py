"""`wuxian users`, `clients`, `keys` and `token`: secrets once, plain refusals."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest

from shared.cn.credit_code import with_check_character
from tests.house.conftest import Wuxian
from tests.house.support import serving

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]
UNIT = with_check_character("91120101MA0000001")

Tell = Callable[..., Any]


@pytest.fixture
async def tell(wuxian: Wuxian, database_url: str) -> Tell:
    """tell(*words) → the JSON that a command prints about a migrated database."""

    def run(*words: str, fails: int = 0) -> Any:
        done = wuxian(*words, "--json", "--database-url", database_url)
        assert done.returncode == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout)

    return run


def test_an_operator_adds_rotates_lists_and_disables(tell: Tell, home: Path) -> None:
    first = tell("users", "add", "admin", "--role", "identity_admin", "--display", "管理员")
    assert len(first["password"]) > 20
    assert first["totp"].startswith("otpauth://totp/")
    assert "name is taken" in tell("users", "add", "ＡＤＭＩＮ", "--role", "supervisor", fails=1)
    again = tell("users", "reset", "admin")
    assert again["password"] != first["password"]

    tax = tell("clients", "add", "tax", "--role", "tax_bureau", "--organisation", "天津市税务局")
    rotated = tell("clients", "rotate", "tax", "--overlap-hours", "1")
    assert tax["client_secret"] != rotated["client_secret"]
    portal = ("clients", "add", "hall", "--role", "employer_portal", "--organisation", "某公司")
    tell(*portal, fails=2)
    tell(*portal, "--unit", UNIT)
    rows = {row["name"]: row for row in tell("clients", "list")}
    assert rows["hall"]["units"] == [UNIT]
    assert tell("clients", "disable", "tax")["state"] == "disabled"
    assert tell("clients", "enable", "tax")["state"] == "active"
    assert [row["name"] for row in tell("users", "list")] == ["admin"]

    before = tell("keys", "list")
    made = tell("keys", "rotate")
    assert len(tell("keys", "list")) == len(before) + 1
    assert [row["kid"] for row in tell("keys", "list")][-1] == made["kid"]
    stored = "".join(path.read_text() for path in home.rglob("*.json"))
    assert rotated["client_secret"] not in stored


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("users", "add", "li", "--role", "tax_bureau"), "ROLE_UNFIT"),
        (("users", "add", "li", "--role", "district_clerk"), "DISTRICT_UNFIT"),
        (
            ("users", "add", "li", "--role", "district_clerk", "--district", "nowhere"),
            "DISTRICT_UNKNOWN",
        ),
        (("users", "add", "l i", "--role", "supervisor"), "NAME_MALFORMED"),
        (("clients", "add", "x", "--role", "tax_bureau"), "ORGANISATION_MISSING"),
        (("clients", "add", "x", "--role", "centre_cashier"), "PERSON_MISSING"),
        (
            (
                "clients",
                "add",
                "x",
                "--role",
                "employer_portal",
                "--organisation",
                "o",
                "--unit",
                "1",
            ),
            "CREDIT_CODE_MALFORMED",
        ),
        (("clients", "disable", "nobody"), "nobody"),
    ],
)
def test_a_wrong_principal_is_refused_with_its_fault(
    tell: Tell, words: tuple[str, ...], code: str
) -> None:
    done = tell(*words, fails=1)
    assert code in done
    assert "Traceback" not in done


def test_a_token_for_nowhere_is_refused(wuxian: Wuxian) -> None:
    done = wuxian("token", "--role", "district_clerk", "--district", "nowhere")
    assert done.returncode == 1
    assert "district_clerk.nowhere" in done.stderr


def test_a_person_changes_the_first_password_and_signs_in(
    tell: Tell, wuxian: Wuxian, database_url: str, environment: dict[str, str]
) -> None:
    first = tell("users", "add", "zhao", "--role", "supervisor", "--display", "赵")
    code = pyotp.parse_uri(first["totp"])
    assert isinstance(code, pyotp.TOTP)
    with serving(["identity", "--database-url", database_url], environment) as url:
        at = {"WUXIAN_IDENTITY_URL": url}
        old, new = first["password"], "chang-he-luo-ri-yuan-2021"
        moment = time.time() + 10  # the first code is good for so long at least
        words = ("zhao", "--password", old, "--code", code.at(moment - 30))
        changed = wuxian("password", *words, "--new-password", new, **at)
        assert changed.returncode == 0, changed.stderr
        words = ("zhao", "--password", new, "--code", code.at(moment))
        done = wuxian("sign-in", *words, **at)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count(".") == 2
        assert "supervisor" in done.stderr


def test_people_and_clients_come_from_one_file_all_or_none(tell: Tell, tmp_path: Path) -> None:
    head = "name,role,district,display,organisation,person,units\n"
    file, keys = tmp_path / "people.csv", tmp_path / "keys"
    right = (
        "qian.yi,district_clerk,heping,钱一,,,\n"
        "qian.yi.commands,district_clerk,heping,,,qian.yi,\n"
        "city.hall,employer_portal,,,某市,,*\n"
    )
    words = ("users", "import", str(file), "--secrets", str(keys))
    file.write_text(head + right + "nobody,district_clerk,,,,,\n", encoding="utf-8")
    assert "DISTRICT_UNFIT" in (refused := tell(*words, fails=1))
    assert "row=5" in refused
    assert not keys.exists()
    file.write_text(head + right, encoding="utf-8")
    made = tell(*words)
    assert set(made) == {"qian.yi", "qian.yi.commands", "city.hall"}
    assert json.loads(Path(made["qian.yi"]).read_text())["totp"].startswith("otpauth://")
    assert json.loads(Path(made["city.hall"]).read_text())["client_secret"]
    assert Path(made["city.hall"]).stat().st_mode & 0o077 == 0
    rows = {row["name"]: row for row in tell("clients", "list")}
    assert rows["qian.yi.commands"]["person"] == "qian.yi"
    assert rows["city.hall"]["units"] is None
    file.write_text("name,rank\na,b\n", encoding="utf-8")
    assert "the columns are" in tell(*words, fails=2)
