"""`wuxian ledger`: the operator's work on the books."""

from __future__ import annotations

import typer

from services.cli.ledger import books, chart, closing, rules, slots

app = typer.Typer(help="The books: proofs, exports, the chart of accounts.", no_args_is_help=True)
app.add_typer(chart.app, name="chart")
app.add_typer(rules.app, name="rules")
app.command()(books.verify)
app.command()(books.export)
app.command()(books.anchors)
app.command()(books.codes)
app.command()(slots.slots)
app.command()(closing.close)
app.command("close-approve")(closing.approve)
