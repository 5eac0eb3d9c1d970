"""`wuxian ledger`: the operator's work on the books."""

from __future__ import annotations

import typer

from services.cli import chart

app = typer.Typer(help="The books: chart of accounts.", no_args_is_help=True)
app.add_typer(chart.app, name="chart")
