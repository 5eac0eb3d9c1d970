"""Names of people who sign: the same person in another case, width or with blanks."""

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.security.person_name import folded, folded_sql, same_person

ALIKE = ["Li Na", "li na", "LINA", "Ｌｉ　Ｎａ", " li\u00a0na\t"]


@pytest.mark.parametrize("other", ALIKE)
def test_case_width_and_blanks_make_no_other_person(other: str) -> None:
    assert same_person("Li Na", other)
    assert not same_person("Li Nan", other)
    assert same_person("张 三", "张三")


@given(st.text("aBｃＤé张三 \u3000\u00a0\t'-·", max_size=30))
def test_a_folded_name_folds_to_itself(name: str) -> None:
    assert folded(folded(name)) == folded(name)


async def test_the_database_folds_alike(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for name in [*ALIKE, "张 三", "ＺＨＡＮＧ-3", "o'neil"]:
            found = await connection.fetchval(f"SELECT {folded_sql('$1')}", name)
            assert found == folded(name)
    finally:
        await connection.close()
