"""Tables as wide as the screen: what does not fit wraps at a blank, or stands one below the other."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from services.cli import common
from services.cli.table import fitted, records

FIGURE, HASH = "12,345,678,901.23", "9f" * 32
COLUMNS = ("fund 基金", "balance", "why")
ROWS = [("职工养老 pension", FIGURE, "the treasury paid 1,268.23 on 2026-08-12 汇缴入库")]


@pytest.mark.parametrize("width", range(40, 121, 10))
def test_no_figure_is_broken_at_any_width(width: int) -> None:
    found = fitted(COLUMNS, ROWS, width)
    if found is None:
        assert width < 50
        return
    for line in found:
        sizes = [max(map(cell_len, cell.split("\n"))) for cell in line]
        assert sum(sizes) + 3 * len(sizes) + 1 <= width
    for figure in (FIGURE, "1,268.23", "2026-08-12"):
        assert any(figure in part for cell in found[1] for part in cell.split("\n")), figure
    kept = ["".join(cell.split()) for cell in found[1]]
    assert kept == ["".join(cell.split()) for cell in ROWS[0]]


def test_a_hash_beside_figures_stands_one_below_the_other() -> None:
    assert fitted(("seq", "hash", "total"), [("1", HASH, FIGURE)], 80) is None
    lines = list(records(("seq", "合计 total"), [("1", FIGURE), ("2", "")]))
    assert lines == [
        "seq         1",
        f"合计 total  {FIGURE}",
        "",
        "seq         2",
        "合计 total",
        "",
    ]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_is_printed_has_every_figure_whole(
    monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=80, force_terminal=is_terminal, color_system=None)
    monkeypatch.setattr(common, "out", console)
    common.print_table("[标题]", COLUMNS, [*ROWS, ("[b]", FIGURE, "")])
    common.print_table("", ("seq", "hash", "total"), [("1", HASH, FIGURE)])
    text = screen.getvalue()
    for whole in (FIGURE, HASH, "1,268.23", "[b]", "[标题]"):
        assert whole in text
    widest = max(map(cell_len, text.splitlines()))
    assert (widest <= 80) == is_terminal
    assert is_terminal or any(ROWS[0][2] in line for line in text.splitlines()), "a row is a line"
