"""Tables: amounts at the right, codes whole with a button to copy, a row's page behind its link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from nicegui import ui

from services.console.widgets.cell import Column, Kind
from services.console.words import t, tell

Row = Mapping[str, Any]
_CELL: Final = """
<q-td :props="props">
  <span v-if="typeof props.value === 'string'">{{ props.value }}</span>
  <a v-else-if="props.value.href" :href="props.value.href" :class="['wx-link', props.value.look]">{{ props.value.text }}</a>
  <span v-else-if="props.value.tone" :class="'wx-chip wx-chip-' + props.value.tone">{{ props.value.text }}</span>
  <span v-else :class="props.value.look">{{ props.value.text }}</span>
  <q-btn v-if="props.value.copy" flat dense round size="xs" icon="content_copy" class="wx-copy"
    aria-label="%s" @click.stop="() => navigator.clipboard && navigator.clipboard.writeText(props.value.text)" />
</q-td>
"""


class Table:
    """A table of rows. `rows` are the services' own items, `selected` those that are ticked."""

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[Row] = (),
        *,
        can_select: bool = False,
        on_select: Callable[[], None] | None = None,
        nothing: str = "",
    ) -> None:
        self.columns = columns
        self.rows: list[Row] = []
        self._table = ui.table(
            columns=[_column(at, column) for at, column in enumerate(columns)],
            rows=[],
            row_key="key",
            selection="multiple" if can_select else None,
            on_select=lambda _: on_select() if on_select else None,
        )
        self._table.classes("wx-table").props(
            f'flat dense hide-pagination :rows-per-page-options="[0]" no-data-label="{nothing or t("没有记录", "Nothing here")}"'
        )
        self._table.add_slot("body-cell", _CELL % t("复制", "Copy"))
        self.add(rows)

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows at the end."""
        begin = len(self.rows)
        self.rows.extend(rows)
        shown = [
            {
                "key": begin + at,
                **{
                    f"c{place}": _sent(column.cell(row))
                    for place, column in enumerate(self.columns)
                },
            }
            for at, row in enumerate(rows)
        ]
        self._show([*self._table.rows, *shown])

    def clear(self) -> None:
        """Take all rows out."""
        self.rows.clear()
        if self._table.selected:
            self._table.selected.clear()
        self._show([])

    def _show(self, shown: list[dict[str, Any]]) -> None:
        """Show rows. They go past the props' own way in, which wraps every cell to watch for changes."""
        dict.__setitem__(self._table.props, "rows", shown)
        self._table.update()

    @property
    def selected(self) -> list[Row]:
        """The rows that are ticked."""
        return [self.rows[row["key"]] for row in self._table.selected]


def _sent(cell: Mapping[str, Any]) -> Any:
    """Return what the browser is sent of a cell: its text alone where there is no more to it."""
    parts = {name: value for name, value in cell.items() if value}
    return parts if len(parts) > 1 else cell["text"]


def _column(at: int, column: Column) -> dict[str, Any]:
    look = "wx-code" if column.kind is Kind.CODE else "wx-number" if column.is_right else ""
    return {
        "name": f"c{at}",
        "label": tell(column.title),
        "field": f"c{at}",
        "align": "right" if column.is_right else "left",
        "classes": look,
        "headerClasses": "wx-head",
    }


def table(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    """Show rows that are all here."""
    return Table(columns, rows)


def table_panel(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Build a table that stands in a panel of its own."""
    with ui.element("div").classes("wx-panel w-full"):
        table(columns, rows)
