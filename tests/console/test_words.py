"""Texts and values as the console writes them: one language, full amounts, no rounding."""

from __future__ import annotations

import pytest

from services.console.widgets import text
from services.console.widgets.action import sentence_of
from services.console.widgets.cell import Column, Kind, door_of
from services.console.widgets.download import csv_of
from services.console.words import side_of, t, typeset


def test_a_sentence_of_a_service_is_shown_in_one_language() -> None:
    assert side_of("未找到 (not found)") == "未找到"
    assert (
        side_of("标识无效 (not an identifier): expected=dcl_…") == "标识无效\uff1a expected=dcl_…"
    )
    assert side_of("plain English") == "plain English"


def test_chinese_has_full_width_stops_and_figures_keep_theirs() -> None:
    assert typeset("已受理,共 1,234 人") == "已受理,共 1,234 人".replace("理,", "理\uff0c")
    assert t("退回", "Return") == "退回"


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("1234567.80", "1,234,567.80"),
        ("-0.05", "-0.05"),
        ("9007199254740993.01", "9,007,199,254,740,993.01"),
        (None, "—"),
    ],
)
def test_amounts_are_written_whole(amount: str | None, written: str) -> None:
    assert text.money(amount) == written


def test_a_share_is_cut_and_never_rounded_up() -> None:
    assert text.percent("0.99999") == "99.9 %"
    assert text.percent("1") == "100.0 %"
    assert text.percent("0.8", 0) == "80 %"
    assert text.percent("12.5") == "1,250.0 %"


def test_a_moment_is_told_in_the_citys_time() -> None:
    assert text.moment("2021-07-31T16:00:00Z") == "2021-08-01 00:00:00"


def test_a_column_writes_its_kind_and_links_only_where_the_row_has_a_value() -> None:
    column = Column("bill", ("通知单", "Bill"), Kind.CODE, link="/bills/{bill}")
    assert column.cell({"bill": "bil_1"})["href"] == "/bills/bil_1"
    assert column.cell({"bill": None})["href"] is None
    nested = Column("payer.name", ("单位", "Unit"))
    assert nested.cell({"payer": {"name": "某公司"}})["text"] == "某公司"


def test_the_sentence_of_an_action_names_amounts_with_separators() -> None:
    said = sentence_of(("受理 {people} 人、{total} 元", ""), {"people": 12, "total": "1234567.80"})
    assert said == "受理 12 人、1,234,567.80 元"


def test_a_downloaded_cell_is_no_formula() -> None:
    columns = [Column("name", ("单位", "Unit")), Column("total", ("金额", "Total"), Kind.MONEY)]
    rows = [{"name": "=cmd()", "total": "-1234.50"}]
    assert csv_of(columns, rows).decode("utf-8-sig").splitlines()[1] == '\'=cmd(),"-1,234.50"'


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("dcl_01.ab-C", "dcl_01.ab-C"),
        ("..", "%2E%2E"),
        ("a/../../policies?x=1#y", "a%2F..%2F..%2Fpolicies%3Fx%3D1%23y"),
        ("和平", "%E5%92%8C%E5%B9%B3"),
    ],
)
def test_a_value_of_an_address_leads_to_no_other_door(value: str, segment: str) -> None:
    door = "collection:/v1/units/{code}/agreements"
    assert door_of(door, {"code": value}) == f"collection:/v1/units/{segment}/agreements"
